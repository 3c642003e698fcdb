"""The settings as the rest of the bridge gets them: checked, resolved, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from bridge.config.data_centers import DATA_CENTERS
from bridge.config.secret import Secret
from bridge.domain.feed import Feed
from bridge.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ZohoSettings:
    """How to reach one Zoho account: what to log in with, and where; addresses have no trailing slash.

    ``connect_timezone`` is the zone of the account's Connect profile; None when nobody told it. ``login_problem`` is a
    sentence on a stored login that can't be used.
    """

    client_id: str
    client_secret: Secret
    refresh_token: Secret
    data_center: str
    accounts_url: str
    backstage_url: str
    connect_url: str
    calendar_url: str
    connect_timezone: ZoneInfo | None = None
    login_problem: str = ""

    def require(self) -> None:
        """Raise ConfigError, naming each one, when something needed to log in is missing."""
        if self.login_problem:
            raise ConfigError(self.login_problem)
        if not (self.client_id or self.client_secret or self.refresh_token):
            raise ConfigError(
                "The bridge has no login to Zoho: run `zoho-bridge login`, or set ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET "
                "and ZOHO_REFRESH_TOKEN."
            )
        console = DATA_CENTERS[self.data_center].console_url
        client = f"run `zoho-bridge login`, or set it to that of a Self Client made at {console}"
        missing = []
        if not self.client_id:
            missing.append(f"ZOHO_CLIENT_ID is not set: {client}.")
        if not self.client_secret:
            missing.append(
                f"ZOHO_CLIENT_SECRET is not set: {client} (from a file: ZOHO_CLIENT_SECRET_FILE)."
            )
        if not self.refresh_token:
            missing.append(
                f"ZOHO_REFRESH_TOKEN is not set: run `zoho-bridge login`, which makes one for "
                f"{self.client_id or 'a client'} and keeps it."
            )
        if missing:
            raise ConfigError(*missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one process; paths are absolute.

    ``config_path`` is the ``bridge.toml`` that was read, None without one. ``queue_url`` is empty for a queue in
    ``data_dir``, ``secret_key`` empty for a key that the bridge makes there, ``feeds`` empty for a feed of each source
    that the account can see. ``warnings`` are sentences for the admin. ``origins`` tells for each setting, by the name
    of its environment variable or as ``feed.<slug>.<key>``, where it came from; what is not in it is a default.
    """

    config_path: Path | None
    data_dir: Path
    database_url: str = field(repr=False)  # these two may hold a password
    queue_url: str = field(repr=False)
    secret_key: Secret
    public_url: str
    admin_password: Secret
    trusted_proxies: int
    zoho: ZohoSettings
    feeds: tuple[Feed, ...]
    warnings: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
