"""``zoho-bridge logout``: the end of a stored login, at Zoho and here."""

import click

from bridge.cli.context import open_bridge
from bridge.cli.login_check import settings_of
from bridge.cli.output import confirm, print_problem, yes_option
from bridge.config.data_centers import DATA_CENTERS
from bridge.errors import BridgeError, UnavailableError
from bridge.zoho.self_client import revoke
from bridge.zoho.transport import new_http


@click.command()
@yes_option
@click.option("--forget", is_flag=True, help="Forget the login here, without asking Zoho.")
def logout(*, yes: bool, forget: bool) -> None:
    """Revoke the login at Zoho, and forget it.

    The published feeds stay as they are. They change again after `zoho-bridge login`.

    \b
    Examples:
      zoho-bridge logout
      zoho-bridge logout --yes
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        login = bridge.store.logins.of(bridge.settings.zoho.client_id)
        if login is None:
            raise BridgeError("There is no stored login: `zoho-bridge login` makes one.")
        confirm(
            f"End the login of client {login.client_id}? The feeds then stay as they are.", yes=yes
        )
        console = DATA_CENTERS[login.data_center].console_url
        try:
            with new_http() as http:
                if not forget:
                    revoke(settings_of(bridge.settings, login).zoho, http=http)
        except UnavailableError as error:
            remedy = "try again, or use --forget and delete the client at"
            raise BridgeError(f"{error} The login was kept: {remedy} {console}.") from error
        bridge.store.logins.forget(login.client_id)
        origin = bridge.settings.origins.get("ZOHO_REFRESH_TOKEN", "")
    ended = f"forgotten here; delete the client at {console}" if forget else "revoked and forgotten"
    click.echo(f"The login was {ended}. Restart `serve` or `worker` if it is running.")
    if origin.startswith(("environment", "file")):
        print_problem(f"ZOHO_REFRESH_TOKEN is set ({origin}) and still used: remove it.")
