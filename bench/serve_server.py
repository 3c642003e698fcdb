"""Server of an app factory, as ``zoho-bridge web`` runs it, with one process: TARGET PORT."""

import sys

from granian import Granian
from granian.constants import Interfaces

Granian(
    sys.argv[1],
    address="127.0.0.1",
    port=int(sys.argv[2]),
    interface=Interfaces.WSGI,
    factory=True,
    workers=1,
    blocking_threads=4,
    websockets=False,
    log_enabled=False,
).serve()
