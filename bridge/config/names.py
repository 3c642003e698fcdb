"""The names of all settings, and what each may be mistaken for.

One rule joins the two forms: ``BRIDGE_PUBLIC_URL`` is ``public_url`` in the table ``[bridge]``, and ``ZOHO_…`` stands
in ``[zoho]``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
import difflib

from bridge.domain.feed import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting by the name of its environment variable.

    ``file``: ``NAME_FILE`` may name a file that holds the value. ``secret``: the value may hold a secret, so it is
    never shown and never taken from ``bridge.toml``. ``toml``: it may stand in ``bridge.toml``.
    """

    name: str
    file: bool = False
    secret: bool = False
    toml: bool = False

    @property
    def table(self) -> str:
        """The table of ``bridge.toml`` that it belongs to."""
        return self.name.partition("_")[0].lower()

    @property
    def key(self) -> str:
        """Its key in that table."""
        return self.name.partition("_")[2].lower()


_ALL = (
    Setting(name="BRIDGE_CONFIG"),
    Setting(name="BRIDGE_DATA_DIR", toml=True),
    Setting(name="BRIDGE_DATABASE_URL", file=True, secret=True),
    Setting(name="DATABASE_URL", file=True, secret=True),
    Setting(name="BRIDGE_QUEUE_URL", file=True, secret=True),
    Setting(name="BRIDGE_SECRET_KEY", file=True, secret=True),
    Setting(name="BRIDGE_PUBLIC_URL", toml=True),
    Setting(name="BRIDGE_ADMIN_PASSWORD", file=True, secret=True),
    Setting(name="BRIDGE_TRUSTED_PROXIES", toml=True),
    Setting(name="ZOHO_CLIENT_ID", file=True, toml=True),
    Setting(name="ZOHO_CLIENT_SECRET", file=True, secret=True),
    Setting(name="ZOHO_REFRESH_TOKEN", file=True, secret=True),
    Setting(name="ZOHO_DATA_CENTER", toml=True),
    Setting(name="ZOHO_CONNECT_TIMEZONE", toml=True),
    Setting(name="ZOHO_ACCOUNTS_URL", toml=True),
    Setting(name="ZOHO_BACKSTAGE_URL", toml=True),
    Setting(name="ZOHO_CONNECT_URL", toml=True),
    Setting(name="ZOHO_CALENDAR_URL", toml=True),
)

SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _ALL}

TABLES = ("bridge", "zoho")
FEED_KEYS = tuple(field.name for field in fields(Feed))
SOURCE_KEYS: Mapping[str, Sequence[str]] = {
    "backstage": ("backstage", "event", "brand"),
    "connect": ("connect", "network"),
    "calendar": ("calendar",),
}


def environment_names() -> tuple[str, ...]:
    """Give every environment variable that is read, the ``*_FILE`` ones among them."""
    names: list[str] = []
    for setting in _ALL:
        names += [setting.name, f"{setting.name}_FILE"] if setting.file else [setting.name]
    return tuple(names)


def toml_keys() -> Mapping[str, tuple[str, ...]]:
    """Give every key of ``bridge.toml`` by table; ``sources`` stands for the inline tables of a feed's sources."""
    keys = {
        table: tuple(one.key for one in _ALL if one.toml and one.table == table) for table in TABLES
    }
    return keys | {
        "feed": FEED_KEYS,
        "sources": tuple(key for kind in SOURCE_KEYS.values() for key in kind),
    }


# Settings of earlier releases, by either name, and what holds instead.
_REMOVED = dict.fromkeys(
    ("BRIDGE_GZIP", "gzip"), "it was removed: clients that accept gzip always get it. Delete it."
)


def suggestion(name: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """Say what an unknown name was probably meant to be; failing that ``otherwise``, or which names there are."""
    if name in _REMOVED:
        return _REMOVED[name]
    known = tuple(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else otherwise or f"known are {', '.join(known)}."


def unknown_variables(environ: Iterable[str]) -> tuple[str, ...]:
    """Warn of each variable that looks like a setting of the bridge and is none; its value is not looked at."""
    known = environment_names()
    return tuple(
        f"The environment variable {name} is no setting of the bridge and is ignored: "
        + suggestion(name, known, otherwise="docs/settings.md lists the settings.")
        for name in sorted(environ)
        if name.startswith(("BRIDGE_", "ZOHO_"))
        and not name.startswith("BRIDGE_TEST_")
        and name not in known
    )
