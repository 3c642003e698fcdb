"""Settings from ``bridge.toml`` and the environment, checked, as one frozen ``Settings``.

Reads the files that settings name and nothing else: it creates no folder and opens no database.
``docs/settings.md`` documents each setting.
"""

from bridge.config.load import load
from bridge.config.login import add_login, needs_login
from bridge.config.settings import Login, Secret, Settings, ZohoSettings

__all__ = ["Login", "Secret", "Settings", "ZohoSettings", "add_login", "load", "needs_login"]
