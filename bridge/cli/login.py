"""The command that makes a login: it leads through Zoho's Self Client, keeps what came of it, and tries it at once.

What is set, in the environment or by an option, is not asked for; without a terminal nothing is. No secret is printed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
import os
import secrets
import sys

import click

from bridge import config
from bridge.cli.context import Bridge, apply_login, open_bridge, print_warnings
from bridge.cli.login_check import as_made, show_found, tell_what_wins
from bridge.cli.login_data_centers import ask_others
from bridge.config import Login, Secret
from bridge.config.data_centers import DATA_CENTERS
from bridge.config.urls import mask_url
from bridge.config.values import credential
from bridge.errors import ConfigError
from bridge.zoho.oauth import account_of
from bridge.zoho.scopes import scopes_for_login
from bridge.zoho.self_client import Grant, GrantError, SelfClient, exchange
from bridge.zoho.transport import new_http

_ASK_OTHERS = "Ask the other data centres whether they know the client? The one that does may use up the code."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What was given on the command line, empty where nothing was; ``ask``: a person is at the terminal."""

    data_center: str
    client_id: str
    code: str
    scopes: tuple[str, ...]
    try_others: bool
    ask: bool


@click.command()
@click.option(
    "--data-center",
    type=click.Choice(list(DATA_CENTERS), case_sensitive=False),
    help="Where the account is.",
)
@click.option("--client-id", metavar="ID", help="The Self Client's id.")
@click.option(
    "--code", metavar="CODE", help='The code of "Generate Code"; - reads it from standard input.'
)
@click.option("--push", is_flag=True, help="Ask for the scope to write events of Connect, too.")
@click.option("--scopes", is_flag=True, help="Print the line of scopes to paste, and end.")
@click.option(
    "--try-data-centers",
    is_flag=True,
    help="Where the client or the code is unknown, ask the other data centres for it.",
)
def login(
    data_center: str | None,
    client_id: str | None,
    code: str | None,
    *,
    push: bool,
    scopes: bool,
    try_data_centers: bool,
) -> None:
    """Connect the bridge with a Zoho account.

    Leads through making a Self Client in Zoho's console, keeps the login encrypted in the bridge's database, and says
    which portals, groups and calendars it can see. Nothing else has to be set afterwards.

    ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_DATA_CENTER are not asked for where they are set. Ends with 1 when Zoho
    gives no login, or when no product can be read with it.

    \b
    Examples:
      zoho-bridge login
      zoho-bridge login --data-center eu --push
      zoho-bridge login --scopes
      echo "$CODE" | zoho-bridge login --client-id 1000.ABC --code -
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    wanted = scopes_for_login(push=push)
    if scopes:
        click.echo(",".join(wanted))
        return
    options = _Options(
        data_center=data_center or "",
        client_id=_checked("--client-id", client_id) if client_id else "",
        code=_checked("--code", _from_stdin() if code == "-" else code) if code else "",
        scopes=wanted,
        try_others=try_data_centers,
        ask=at_terminal() and code != "-",
    )
    settings = config.load(os.environ)
    print_warnings(settings)
    with open_bridge(settings) as bridge:
        client = _client(bridge, settings, options)
        client, grant = _grant(settings, client, options)
        made = _keep(bridge, client, grant, options.scopes)
        click.echo(f"The login is kept, encrypted, in {mask_url(settings.database_url)}.\n")
        found = show_found(Bridge(settings=as_made(settings, made), store=bridge.store))
        tell_what_wins(settings, apply_login(settings, bridge.store), as_made(settings, made))
        lacking = [
            scope for scope in wanted if scope.lower() not in map(str.lower, grant.scopes or wanted)
        ]
        if lacking:
            _warn(
                f"Zoho gave the login without {', '.join(lacking)}: make a code with the whole line of scopes."
            )
    if not found:
        sys.exit(1)
    click.echo(
        "\nNext: `zoho-bridge discover --write` puts what was found into bridge.toml, `zoho-bridge serve` serves it."
    )


def at_terminal() -> bool:
    """Tell whether a person can be asked."""
    return sys.stdin.isatty()


def _client(bridge: Bridge, settings: config.Settings, options: _Options) -> SelfClient:
    """Put together which client asks whom: from options, settings, the former login, and the person."""
    former = bridge.store.logins.of(options.client_id or settings.zoho.client_id)
    center = options.data_center.lower() or (
        settings.zoho.data_center if _is_set(settings, "DATA_CENTER") else ""
    )
    if not center:
        center = (
            former.data_center
            if former and former.data_center in DATA_CENTERS
            else settings.zoho.data_center
        )
        center = _ask_center(center) if options.ask else center
    client_id = options.client_id or settings.zoho.client_id
    client_secret = settings.zoho.client_secret
    if options.ask and not (client_id and client_secret):
        _tell_of_client(DATA_CENTERS[center].console_url)
    if not client_id and options.ask:
        client_id = _ask("Client id", default=former.client_id if former else None)
    known = bridge.store.logins.of(client_id)
    if not client_secret and options.ask:
        client_secret = _ask_secret(known.client_secret if known and client_id else Secret())
    if known is not None and not options.ask:
        client_id = client_id or known.client_id
        client_secret = client_secret or known.client_secret
    lacking = {
        "the client id (--client-id, or ZOHO_CLIENT_ID)": client_id,
        "the client secret (ZOHO_CLIENT_SECRET, or ZOHO_CLIENT_SECRET_FILE)": client_secret,
        "the code (--code, or --code - from standard input)": options.code or options.ask,
    }
    if missing := [name for name, value in lacking.items() if not value]:
        raise ConfigError(
            f"There is no terminal to ask at, so this has to be given: {'; '.join(missing)}."
        )
    return SelfClient(
        client_id=client_id,
        client_secret=client_secret,
        data_center=center,
        accounts_url=settings.zoho.accounts_url
        if _is_set(settings, "ACCOUNTS_URL")
        else DATA_CENTERS[center].accounts_url,
    )


def _grant(
    settings: config.Settings, client: SelfClient, options: _Options
) -> tuple[SelfClient, Grant]:
    """Exchange the code, and let a person try again with another; raises GrantError where nobody is there."""
    if options.ask and not options.code:
        _tell_of_code(client, options.scopes)
    code = Secret(options.code or _ask("Code"))
    # An address that is set is the one place to ask.
    may_ask_others = not _is_set(settings, "ACCOUNTS_URL")
    with new_http() as http:
        while True:
            try:
                return client, exchange(client, code, http=http, now=datetime.now(UTC))
            except GrantError as error:
                refusal = error
            if options.ask:
                _warn(str(refusal))
            elsewhere = None
            if refusal.reason in ("code", "client") and may_ask_others:
                may_ask_others = False
                if options.try_others or (options.ask and click.confirm(_ASK_OTHERS)):
                    elsewhere = ask_others(client, code, http=http)
                elif not options.ask:
                    raise GrantError(
                        f"{refusal} --try-data-centers asks the others.", reason=refusal.reason
                    )
            if elsewhere is not None:
                client = elsewhere.client
                if elsewhere.grant is not None:
                    return client, elsewhere.grant
            if not options.ask:
                raise refusal if elsewhere is None else _of_another(client)
            if elsewhere is None and refusal.reason != "code":
                raise click.exceptions.Exit(1)
            if elsewhere is not None:
                _tell_of_code(client, options.scopes)
            code = Secret(_ask("Code"))


def _of_another(client: SelfClient) -> GrantError:
    console = DATA_CENTERS[client.data_center].console_url
    return GrantError(
        f"The client is of the data centre {client.data_center}: make a new code at {console}, and run this again with "
        f"--data-center {client.data_center}.",
        reason="code",
    )


def _keep(bridge: Bridge, client: SelfClient, grant: Grant, scopes: tuple[str, ...]) -> Login:
    """Store the login, and the access token that came with it: each one counts (10 in 10 minutes)."""
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
        click.echo(
            "It takes the place of the former login; start `zoho-bridge serve` or `worker` anew if one runs."
        )
    bridge.store.logins.keep(login)
    account, holder = account_of(as_made(bridge.settings, login).zoho), secrets.token_hex(8)
    if bridge.store.tokens.begin_token_request(account, holder=holder, now=now) == 0.0:
        bridge.store.tokens.end_token_request(account, holder=holder, token=grant.access_token)
    return login


def _ask_center(default: str) -> str:
    click.echo(
        "Each Zoho account lives in one data centre; the address that you see when you use Zoho ends with it:"
    )
    for code, center in DATA_CENTERS.items():
        click.echo(f"  {code}  {center.console_url.removeprefix('https://api-console.')}")
    choice: str = click.prompt(
        "Data centre", type=click.Choice(list(DATA_CENTERS)), default=default, show_choices=False
    )
    return choice


def _tell_of_client(console: str) -> None:
    click.echo(f"\n1. Open {console} and log in as the person whose calendars are to be read.")
    click.echo(
        '   Press "Get Started" (later on: "Add Client"), then "Create Now" at "Self Client", "Create" and "OK".'
    )
    click.echo('   Its tab "Client Secret" shows the client id and the client secret.\n')


def _tell_of_code(client: SelfClient, scopes: tuple[str, ...]) -> None:
    console = DATA_CENTERS[client.data_center].console_url
    click.echo(
        f'\n2. At {console}, in the tab "Generate Code" of the Self Client, paste this line as "Scope":\n'
    )
    click.echo(f"{','.join(scopes)}\n")
    click.echo(
        '   Choose "10 minutes", write anything as description, and press "Create". If Zoho asks for an app and portal,'
    )
    click.echo(
        '   choose the one with your events and press "Create" again. Then copy the code that is shown.\n'
    )


def _ask(what: str, default: str | None = None) -> str:
    answer: str = click.prompt(what, default=default, value_proc=_pasted)
    return answer


def _ask_secret(known: Secret) -> Secret:
    """Ask for the client secret without showing it; Enter takes the one that is known, if any."""
    hint = (
        "Client secret (not shown; Enter for the stored one)"
        if known
        else "Client secret (not shown)"
    )

    def check(text: str) -> str:
        return "" if known and not text.strip() else _pasted(text)

    default = "" if known else None
    answer: str = click.prompt(
        hint, hide_input=True, default=default, show_default=False, value_proc=check
    )
    return Secret(answer) if answer else known


def _pasted(text: str) -> str:
    """Give a pasted value without blanks around it; raises UsageError, which makes click ask again."""
    return _checked("That", text)


def _checked(name: str, text: str) -> str:
    try:
        return credential(text.strip())
    except ValueError as error:
        raise click.UsageError(f"{name} can't be right: {error}") from error


def _from_stdin() -> str:
    return sys.stdin.readline().strip()


def _is_set(settings: config.Settings, name: str) -> bool:
    return f"ZOHO_{name}" in settings.origins


def _warn(sentence: str) -> None:
    click.echo(f"zoho-bridge: {sentence}", err=True)
