"""The table of all settings: names, parser, default and where a value may be written.

A new setting is a row here, a field of ``Settings`` or ``ZohoSettings``, and a row in
``docs/settings.md``.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bridge.config import urls, values
from bridge.config.settings import Secret


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, by the name of its environment variable.

    ``default``: a ``Secret`` for a value that is never shown. ``toml``: the key in ``bridge.toml``
    is allowed. ``file``: ``NAME_FILE`` may name a file that holds the value. ``secret``: the value
    may hold a secret, so errors do not quote it.
    """

    name: str
    parse: values.Parser
    default: object = ""
    alias: str = ""
    toml: bool = False
    file: bool = False
    secret: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its environment variable; the first that is set wins."""
        return (self.name, self.alias) if self.alias else (self.name,)

    @property
    def table(self) -> str:
        """The table of ``bridge.toml``, also the section of the settings."""
        return "zoho" if self.name.startswith("ZOHO_") else "bridge"

    @property
    def key(self) -> str:
        """The key in that table, also the field of the settings."""
        return self.name.removeprefix(f"{self.table.upper()}_").lower()


CONFIG = "BRIDGE_CONFIG"  # the variable that names the file with the others
HOST = "BRIDGE_HOST"  # an option of the commands that serve

SETTINGS = (
    Setting("BRIDGE_DATA_DIR", values.folder, Path("bridge-data"), toml=True),
    Setting("BRIDGE_DATABASE_URL", urls.database_url, alias="DATABASE_URL", file=True, secret=True),
    Setting("BRIDGE_QUEUE_URL", urls.queue_url, file=True, secret=True),
    Setting("BRIDGE_SECRET_KEY", values.secret_key, Secret(), file=True, secret=True),
    Setting("BRIDGE_PUBLIC_URL", urls.public_url, toml=True),
    Setting("BRIDGE_ADMIN_PASSWORD", values.password, Secret(), file=True, secret=True),
    Setting("BRIDGE_BACKUP_PASSPHRASE", values.password, Secret(), file=True, secret=True),
    Setting("BRIDGE_ADMIN_PROXY_HEADER", values.header_name, toml=True),
    Setting("BRIDGE_PROFILE_CERTIFICATE", values.signer, Secret(), file=True, secret=True),
    Setting("BRIDGE_TRUSTED_PROXIES", values.whole(0, 16), 0, toml=True),
    Setting("ZOHO_CLIENT_ID", values.credential, file=True, toml=True),
    Setting("ZOHO_CLIENT_SECRET", values.credential, Secret(), file=True, secret=True),
    Setting("ZOHO_REFRESH_TOKEN", values.credential, Secret(), file=True, secret=True),
    Setting("ZOHO_DATA_CENTER", values.data_center, "us", toml=True),
    Setting("ZOHO_CONNECT_TIMEZONE", values.zone, None, toml=True),
    Setting("ZOHO_PROBE", values.seconds(600), timedelta(seconds=60), toml=True),
    # The default of these four is the data centre's.
    Setting("ZOHO_ACCOUNTS_URL", urls.service_url, toml=True),
    Setting("ZOHO_BACKSTAGE_URL", urls.service_url, toml=True),
    Setting("ZOHO_CONNECT_URL", urls.service_url, toml=True),
    Setting("ZOHO_CALENDAR_URL", urls.service_url, toml=True),
)

TABLES = ("bridge", "zoho")


def environment_names() -> tuple[str, ...]:
    """Return every environment variable that is read, including the ``*_FILE`` ones."""
    names = [(name, row.file) for row in SETTINGS for name in row.names]
    return (CONFIG, HOST, *(n for n, _ in names), *(f"{n}_FILE" for n, file in names if file))
