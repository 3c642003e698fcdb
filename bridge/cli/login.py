"""``zoho-bridge login``: the dialogue that makes a login with a Self Client, and stores it.

Asks only for values that are not set, and only at a terminal. Prints no secret.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
import os
import secrets
import sys

import click

from bridge import config
from bridge.cli.context import Bridge, apply_login, open_bridge, print_warnings
from bridge.cli.login_check import check_login, print_overrides, settings_of
from bridge.cli.output import print_problem
from bridge.config import Login, Secret, ZohoSettings
from bridge.config.data_centers import DATA_CENTERS
from bridge.config.urls import mask_url
from bridge.config.values import credential, data_center
from bridge.errors import ConfigError
from bridge.zoho.oauth import account_of
from bridge.zoho.scopes import scopes_for_login
from bridge.zoho.self_client import Grant, GrantError, exchange
from bridge.zoho.transport import new_http

# Names of the values, for the message about missing ones.
_CLIENT_ID = "the client id (--client-id, or ZOHO_CLIENT_ID)"
_CLIENT_SECRET = "the client secret (ZOHO_CLIENT_SECRET, or ZOHO_CLIENT_SECRET_FILE)"  # noqa: S105
_CODE = "the code (--code, or --code - from standard input)"

_DATA_CENTER_STEPS = """\
Choose the data centre that your account lives in: the end of the address that you see when you
use Zoho."""
_CLIENT_STEPS = """
1. Open {console} and log in as the person whose calendars are to be read.
   Press "Get Started" (later: "Add Client"), then "Create Now" at "Self Client", "Create", "OK".
   Its tab "Client Secret" shows the client id and the client secret.
"""
_CODE_STEPS = """
2. At {console}, in the tab "Generate Code" of the Self Client, paste this line as "Scope":

{scopes}

   Choose "10 minutes", write anything as description, and press "Create". If Zoho asks for an
   app and portal, choose the one with your events and press "Create" again. Then copy the code.
"""


@click.command()
@click.option(
    "--data-center",
    metavar="CODE",
    default="",
    callback=lambda _context, _parameter, value: value and _parse_center(value),
    help="The data centre of the account: eu, or an address like zoho.eu.",
)
@click.option("--client-id", metavar="ID", default="", help="The Self Client's id.")
@click.option(
    "--code",
    metavar="CODE",
    default="",
    help='The code of "Generate Code"; - reads it from standard input.',
)
@click.option("--push", is_flag=True, help="Add the scope to write events of Connect.")
@click.option("--scopes", is_flag=True, help="Print the line of scopes to paste, and exit.")
def login(data_center: str, client_id: str, code: str, *, push: bool, scopes: bool) -> None:
    """Connect the bridge with a Zoho account.

    Explains how to make a Self Client in Zoho's console, stores the login encrypted in the bridge's
    database, and lists the portals, groups and calendars it can see. No setting is needed
    afterwards.

    ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_DATA_CENTER are not asked for if they are set. Exits
    with 1 if Zoho refuses the login, or if no product can be read with it.

    \b
    Examples:
      zoho-bridge login
      zoho-bridge login --data-center eu --push
      zoho-bridge login --scopes
      echo "$CODE" | zoho-bridge login --client-id 1000.ABC --code -
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    needed = scopes_for_login(push=push)
    if scopes:
        click.echo(",".join(needed))
        return
    terminal = at_terminal() and code != "-"
    code = sys.stdin.readline() if code == "-" else code
    client_id = _checked("--client-id", client_id) if client_id else ""
    code = _checked("--code", code) if code.strip() else ""
    settings = config.load(os.environ)
    print_warnings(settings)
    with open_bridge(settings) as bridge:
        dialogue = Dialogue(bridge, settings, needed, terminal=terminal)
        client, code = dialogue.run(data_center, client_id, code)
        client, grant = _exchange(client, code, retry=terminal)
        login = _store(bridge, client, grant, needed)
        own_settings = settings_of(settings, login)
        click.echo(f"The login is stored, encrypted, in {mask_url(settings.database_url)}.\n")
        readable = check_login(Bridge(settings=own_settings, store=bridge.store))
        print_overrides(settings, apply_login(settings, bridge.store), own_settings)
    granted = {scope.lower() for scope in grant.scopes or needed}
    if missing := [scope for scope in needed if scope.lower() not in granted]:
        remedy = "make a code with the whole line of scopes."
        print_problem(f"Zoho granted the login without {', '.join(missing)}: {remedy}")
    if not readable:
        sys.exit(1)
    click.echo("\nNext: `zoho-bridge discover --write` makes feeds, then run `zoho-bridge serve`.")


def at_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty()


class Dialogue:
    """The steps from nothing to a client and its code: each value is given, asked, or missing."""

    def __init__(
        self, bridge: Bridge, settings: config.Settings, scopes: tuple[str, ...], *, terminal: bool
    ) -> None:
        self._logins = bridge.store.logins
        self._zoho, self._origins = settings.zoho, settings.origins
        self._scopes = scopes
        self._terminal = terminal
        self._missing: list[str] = []

    def run(self, data_center: str, client_id: str, code: str) -> tuple[ZohoSettings, str]:
        """Return the client and the code, from options, settings, the former login and answers.

        Raises ConfigError naming all values that are missing, if there is no terminal to ask at.
        """
        zoho = self._zoho
        client_id = client_id or zoho.client_id
        former = self._logins.of(client_id)
        if not data_center and "ZOHO_DATA_CENTER" in self._origins:
            data_center = zoho.data_center
        default = former.data_center if former else zoho.data_center
        data_center = self._take("", data_center, default, _ask_center)
        center = DATA_CENTERS[data_center]
        if self._terminal and not (client_id and zoho.client_secret):
            click.echo(_CLIENT_STEPS.format(console=center.console_url))
        known_id, ask_id = former.client_id if former else "", partial(_ask, "Client id")
        client_id = self._take(_CLIENT_ID, client_id, known_id, ask_id)
        former = self._logins.of(client_id) if client_id else None
        stored = former.client_secret.reveal() if former else ""
        known = zoho.client_secret.reveal()
        secret = Secret(self._take(_CLIENT_SECRET, known, stored, _ask_secret))
        if self._terminal and not code:
            scopes = ",".join(self._scopes)
            click.echo(_CODE_STEPS.format(console=center.console_url, scopes=scopes))
        code = self._take(_CODE, code, "", partial(_ask, "Code"))
        if self._missing:
            names = "; ".join(self._missing)
            raise ConfigError(f"There is no terminal to ask at, so these must be given: {names}.")
        own_url = "ZOHO_ACCOUNTS_URL" in self._origins
        url = zoho.accounts_url if own_url else center.urls()["accounts_url"]
        zoho = replace(zoho, data_center=data_center, accounts_url=url)
        return replace(zoho, client_id=client_id, client_secret=secret), code

    def _take(self, name: str, given: str, stored: str, ask: Callable[[str], str]) -> str:
        """Return the given value, or else the answer, or else the value of the former login."""
        value = given or (ask(stored) if self._terminal else stored)
        if not value:
            self._missing.append(name)
        return value


def _ask_center(stored: str) -> str:
    click.echo(_DATA_CENTER_STEPS)
    for code, center in DATA_CENTERS.items():
        click.echo(f"  {code}  {center.domain}")
    answer: str = click.prompt("Data centre", default=stored, value_proc=_parse_center)
    return answer


def _parse_center(text: str) -> str:
    try:
        return str(data_center(text))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="data centre") from error


def _ask_secret(stored: str) -> str:
    hint = "not shown; Enter for the stored one" if stored else "not shown"
    return _ask(f"Client secret ({hint})", stored, hidden=True)


def _ask(question: str, stored: str = "", *, hidden: bool = False) -> str:
    """Ask for a value of Zoho; Enter takes the stored one."""
    answer: str = click.prompt(
        question,
        default=stored or None,
        hide_input=hidden,
        show_default=not hidden,
        value_proc=lambda text: _checked("The value", text),
    )
    return answer


def _exchange(client: ZohoSettings, code: str, *, retry: bool) -> tuple[ZohoSettings, Grant]:
    """Exchange the code for a grant; with ``retry``, ask again for each value that is refused.

    Raises GrantError.
    """
    with new_http() as http:
        while True:
            try:
                return client, exchange(client, Secret(code), http=http, now=datetime.now(UTC))
            except GrantError as error:
                if error.reason not in ("client", "secret", "code") or not retry:
                    raise
                reason = error.reason
                print_problem(str(error))
            if reason == "client":
                client = replace(client, client_id=_ask("Client id", client.client_id))
            if reason != "code":
                client = replace(client, client_secret=Secret(_ask_secret("")))
            code = _ask("Code", "" if reason == "code" else code)


def _store(bridge: Bridge, client: ZohoSettings, grant: Grant, scopes: tuple[str, ...]) -> Login:
    """Store the login and its access token: Zoho issues only 10 tokens in 10 minutes."""
    now = datetime.now(UTC)
    login = Login(
        client_id=client.client_id,
        client_secret=client.client_secret,
        data_center=client.data_center,
        refresh_token=grant.refresh_token,
        scopes=grant.scopes or scopes,
        created_at=now,
    )
    if bridge.store.logins.of(client.client_id):
        click.echo("It replaces the former login. Restart `serve` or `worker` if it is running.")
    bridge.store.logins.keep(login)
    account, holder = account_of(settings_of(bridge.settings, login).zoho), secrets.token_hex(8)
    if bridge.store.tokens.begin_token_request(account, holder=holder, now=now) == 0.0:
        bridge.store.tokens.end_token_request(account, holder=holder, token=grant.access_token)
    return login


def _checked(name: str, text: str) -> str:
    """Return a pasted value without blanks around it; raise UsageError unless Zoho can issue it."""
    try:
        return credential(text.strip())
    except ValueError as error:
        problem = "contains spaces, line breaks or non-ASCII characters: copy it from Zoho again."
        raise click.UsageError(f"{name} {problem}") from error
