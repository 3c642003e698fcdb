"""File permissions of the data folder: events and keys are not for other users of the machine."""

from contextlib import suppress
import os
from pathlib import Path
import stat

_FILES = ("bridge.sqlite3*", "queue.sqlite3*", "secret.key")


def make_private(folder: Path) -> None:
    """Close a folder and the bridge's files in it to other users.

    Skip what belongs to another user, a folder that all users share (``/tmp``), and systems without
    such permissions.
    """
    if not hasattr(os, "geteuid"):
        return
    for path in (folder, *(path for name in _FILES for path in folder.glob(name))):
        with suppress(OSError):
            status = path.stat()
            mode = stat.S_IMODE(status.st_mode)
            private = mode & (0o700 if path == folder else 0o600)
            if status.st_uid == os.geteuid() and mode != private and not mode & stat.S_ISVTX:
                path.chmod(private)
