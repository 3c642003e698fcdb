"""``bridge.toml``, the environment and ``*_FILE`` -> one frozen Settings; all that is wrong is told at once.

It reads files that settings name, and nothing else: it makes no folder, opens no database and calls nobody. What each
setting means stands in ``docs/settings.md``.
"""

from bridge.config.loading import load
from bridge.config.login import wants_login, with_login
from bridge.config.names import environment_names, toml_keys
from bridge.config.secret import Secret
from bridge.config.settings import Settings, ZohoSettings
from bridge.config.show import described, redacted

__all__ = [
    "Secret",
    "Settings",
    "ZohoSettings",
    "described",
    "environment_names",
    "load",
    "redacted",
    "toml_keys",
    "wants_login",
    "with_login",
]
