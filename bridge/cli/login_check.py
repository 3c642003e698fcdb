"""What a new login is good for: what it can see, product by product, and whether it is the one that will be used."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from bridge import config
from bridge.cli.context import Bridge
from bridge.cli.sanitize import plain
from bridge.cli.zoho import open_refresher
from bridge.config import Login, Secret
from bridge.domain.feed import Window
from bridge.domain.source import AvailableSource
from bridge.errors import LoginError, ScopeError, ZohoError
from bridge.refresh.refresher import Refresher
from bridge.sources.registry import DISCOVERERS, fetch
from bridge.zoho.responses import NAMES
from bridge.zoho.scopes import Product

_A_LOOK = timedelta(
    days=7
)  # one source is read over a week: whether events can be read at all is the question
_THINGS: dict[Product, str] = {"backstage": "portal", "connect": "group", "calendar": "calendar"}


def as_made(settings: config.Settings, login: Login) -> config.Settings:
    """Give the settings with this login alone, whatever else is set; addresses that are set hold."""
    bare = replace(
        settings.zoho,
        client_id="",
        client_secret=Secret(),
        refresh_token=Secret(),
        login_problem="",
    )
    origins = {
        name: origin for name, origin in settings.origins.items() if name != "ZOHO_DATA_CENTER"
    }
    return config.add_login(replace(settings, zoho=bare, origins=origins), login)


def show_found(bridge: Bridge) -> bool:
    """Ask each product what there is, and read one source of it; tell whether any product could be read."""
    good = 0
    with open_refresher(bridge) as refresher:
        for product in DISCOVERERS:
            try:
                found = _look(refresher, product)
            except ZohoError as error:
                click.secho(f"{NAMES[product]}: can't be read", fg="red", bold=True)
                click.echo(f"  {_remedy(product, error)}")
            else:
                good += 1
                click.secho(
                    f"{NAMES[product]}: {_count(product, found)}",
                    fg="green" if found else None,
                    bold=True,
                )
                for line in _names(product, found):
                    click.echo(f"  {line}")
    return good > 0


def tell_what_wins(before: config.Settings, used: config.Settings, made: config.Settings) -> None:
    """Name each setting that will be used in place of what the login holds."""
    for name in ("client_id", "client_secret", "refresh_token", "data_center"):
        if getattr(used.zoho, name) != getattr(made.zoho, name):
            variable = f"ZOHO_{name.upper()}"
            origin = before.origins.get(variable, "the settings")
            click.echo(
                f"zoho-bridge: {variable} is set ({origin}) to something else, and wins over this login: remove it.",
                err=True,
            )


def _look(refresher: Refresher, product: Product) -> Sequence[AvailableSource]:
    """Find what there is, and read the first of it: the scopes to see calendars and to see events are two."""
    found = DISCOVERERS[product](refresher.api)
    if found:
        today = datetime.now(UTC).date()
        fetch(found[0].source, refresher.api, Window(start=today, end=today + _A_LOOK))
    return found


def _remedy(product: Product, error: ZohoError) -> str:
    if isinstance(error, ScopeError):
        return (
            f"{error}\n  If nothing of {NAMES[product]} is to be read, leave it so. Else make a code with the whole "
            "line of scopes (`zoho-bridge login --scopes`), as a person who may use it."
        )
    if isinstance(error, LoginError):
        return str(error)
    return f"{error}\n  The login is kept all the same: see later with `zoho-bridge doctor`."


def _count(product: Product, found: Sequence[AvailableSource]) -> str:
    thing = _THINGS[product]
    if not found:
        return f"no {thing} found"
    count = f"{len(found)} {thing}{'s' * (len(found) != 1)}"
    networks = len({one.within for one in found}) if product == "connect" else 0
    return count + f" in {networks} network{'s' * (networks != 1)}" * bool(networks)


def _names(product: Product, found: Iterable[AvailableSource]) -> list[str]:
    if product != "connect":
        return [plain(one.title) for one in found]
    networks: dict[str, list[str]] = {}
    for one in found:
        networks.setdefault(one.within, []).append(plain(one.title))
    return [f"{plain(network)}: {', '.join(groups)}" for network, groups in networks.items()]
