"""Asks the other data centres for a client that one does not know: only when a person wants it.

Each is sent client id, secret and code; all of them are Zoho's. The code is good once, in its own centre alone.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import click
import httpx

from bridge.config import Secret
from bridge.config.data_centers import DATA_CENTERS
from bridge.zoho.self_client import Grant, GrantError, SelfClient, exchange

_SAID = {
    "client": "does not know the client",
    "code": "knows the client, and does not take this code",
    "secret": "knows the client, and refuses its secret",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The client at the data centre that knew it, and what its code gave there, if anything."""

    client: SelfClient
    grant: Grant | None = None


def ask_others(client: SelfClient, code: Secret, *, http: httpx.Client) -> Elsewhere | None:
    """Ask one after the other until the code gives a grant, and say what each answers.

    Without a grant: the first centre that knew the client, or None.
    """
    known: Elsewhere | None = None
    for center in DATA_CENTERS.values():
        if center.code == client.data_center:
            continue
        there = replace(client, data_center=center.code, accounts_url=center.accounts_url)
        try:
            grant = exchange(there, code, http=http, now=datetime.now(UTC))
        except GrantError as error:
            click.echo(f"  {center.code}: {_SAID.get(error.reason, 'can not tell now')}")
            if error.reason in ("code", "secret"):
                known = known or Elsewhere(client=there)
            continue
        click.echo(f"  {center.code}: knows the client, and takes the code")
        return Elsewhere(client=there, grant=grant)
    return known
