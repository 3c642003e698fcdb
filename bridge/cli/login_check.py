"""The check of a new login: the sources it can see, and the settings that win over it."""

from collections.abc import Sequence
from dataclasses import replace

import click

from bridge import config
from bridge.cli.context import Bridge
from bridge.cli.output import counted, print_problem
from bridge.cli.sanitize import plain
from bridge.cli.zoho import open_refresher, trial_window
from bridge.config import Login, Secret
from bridge.domain.source import PRODUCTS, AvailableSource, Product
from bridge.errors import LoginError, ScopeError, ZohoError
from bridge.refresh.refresher import Refresher
from bridge.sources.registry import DISCOVERERS, fetch

_NOUNS: dict[Product, str] = {"backstage": "portal", "connect": "group", "calendar": "calendar"}


def settings_of(settings: config.Settings, login: Login) -> config.Settings:
    """Return the settings with this login alone; only URLs that are set win over it."""
    none = Secret()
    bare = replace(
        settings.zoho, client_id="", client_secret=none, refresh_token=none, login_problem=""
    )
    origins = {name: of for name, of in settings.origins.items() if name != "ZOHO_DATA_CENTER"}
    return config.add_login(replace(settings, zoho=bare, origins=origins), login)


def check_login(bridge: Bridge) -> bool:
    """Print what the account can see; return whether any product can be read."""
    readable = False
    with open_refresher(bridge) as refresher:
        for product, name in PRODUCTS.items():
            try:
                sources = _read_product(refresher, product)
            except ZohoError as error:
                click.secho(f"{name}: can't be read", fg="red", bold=True)
                click.echo(f"  {error}{_remedy(name, error)}")
                continue
            readable = True
            noun = _NOUNS[product]
            count = counted(len(sources), noun) if sources else f"no {noun} found"
            click.secho(f"{name}: {count}", fg="green" if sources else None, bold=True)
            for source in sources:
                network = f"{source.within}: " if source.within else ""
                click.echo(f"  {plain(network + source.title)}")
    return readable


def print_overrides(settings: config.Settings, used: config.Settings, own: config.Settings) -> None:
    """Print each setting that is used instead of the login's own value."""
    for name in ("client_id", "client_secret", "refresh_token", "data_center"):
        if getattr(used.zoho, name) != getattr(own.zoho, name):
            variable = f"ZOHO_{name.upper()}"
            origin = settings.origins.get(variable, "the settings")
            effect = "to another value, which wins over this login: remove it."
            print_problem(f"{variable} is set ({origin}) {effect}")


def _read_product(refresher: Refresher, product: Product) -> Sequence[AvailableSource]:
    """Return the sources of a product; read the first, because its events need another scope."""
    sources = DISCOVERERS[product](refresher.api)
    if sources:
        fetch(sources[0].source, refresher.api, trial_window())
    return sources


def _remedy(name: str, error: ZohoError) -> str:
    if isinstance(error, ScopeError):
        return (
            f"\n  If you don't need {name}, ignore this. Otherwise make a code with the whole line "
            "of scopes (`zoho-bridge login --scopes`), as a person who may use it."
        )
    if isinstance(error, LoginError):
        return ""
    return "\n  The login is stored nevertheless: check it later with `zoho-bridge doctor`."
