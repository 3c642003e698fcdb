"""Frozen values of all settings, as the rest of the bridge uses them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bridge.config.data_centers import DATA_CENTERS
from bridge.domain.feed import Feed
from bridge.errors import ConfigError

CREDENTIALS = ("client_id", "client_secret", "refresh_token")  # fields of Login and ZohoSettings


class Secret:
    """A password, key or token, empty if it is not set; only ``reveal()`` returns it.

    Not a dataclass, because ``dataclasses.asdict`` would reveal it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one place that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(not set)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login that ``zoho-bridge login`` made: a client of Zoho with its token and ``scopes``.

    The secrets are empty if they were encrypted with a key that is no longer known.
    """

    client_id: str
    client_secret: Secret
    data_center: str
    refresh_token: Secret
    scopes: tuple[str, ...]
    created_at: datetime

    @property
    def readable(self) -> bool:
        """Whether the secrets could be decrypted."""
        return bool(self.client_secret and self.refresh_token)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZohoSettings:
    """The login of one Zoho account and the URLs of its services, without a trailing slash.

    ``connect_timezone`` is the zone of the account's Connect profile, None if it is not set.
    ``probe`` is the time between two looks at the list of calendars, 0 for none.
    ``login_problem`` says why a stored login can't be used, empty if it can.
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
    probe: timedelta = timedelta(seconds=60)

    def require(self) -> None:
        """Raise ConfigError, with one problem per missing setting, unless the login is complete."""
        console = DATA_CENTERS[self.data_center].console_url
        remedy = f"run `zoho-bridge login`, or set it to that of a Self Client made at {console}."
        missing = [f"ZOHO_{name.upper()}" for name in CREDENTIALS if not getattr(self, name)]
        problems = [f"{name} is not set: {remedy}" for name in missing]
        if self.login_problem:
            problems = [self.login_problem]
        elif len(missing) == len(CREDENTIALS):
            names = "ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN"
            problems = [f"There is no login to Zoho: run `zoho-bridge login`, or set {names}."]
        if problems:
            raise ConfigError(*problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one process; paths are absolute.

    ``config_path`` is the ``bridge.toml`` that was read, None without one. Empty are:
    ``queue_url`` for a queue in ``data_dir``, ``secret_key`` for a key that the bridge makes there,
    ``feeds`` for one feed of each source that the account can see. ``warnings`` are sentences for
    the admin. ``origins`` names where a setting came from, by its environment variable or as
    ``feed.<slug>.<key>``; a setting that is not in it has its default.
    """

    config_path: Path | None
    data_dir: Path
    database_url: str = field(repr=False)  # may hold a password, as the next one
    queue_url: str = field(repr=False)
    secret_key: Secret
    public_url: str
    admin_password: Secret
    admin_proxy_header: str
    profile_certificate: Secret
    backup_passphrase: Secret
    trusted_proxies: int
    zoho: ZohoSettings
    feeds: tuple[Feed, ...]
    origins: Mapping[str, str] = field(repr=False, compare=False)
    warnings: tuple[str, ...] = ()
