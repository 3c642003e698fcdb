"""No error, log or repr holds a secret.

Answers and their meaning come from docs/zoho-apis.md, cited as "Zoho APIs 1.4".
"""

import logging
from typing import Any

import pytest

from bridge.config import Secret
from bridge.errors import BadDataError, SlowDownError
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from bridge.zoho.oauth import account_of
from tests.zoho.loopback import (
    CALENDAR,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    Answer,
    LoopbackZoho,
    all_of,
    secrets_in,
    settings_for,
)


@pytest.mark.parametrize(
    "body", [b"no %b here", b'{"error":[{"error_code":"X","message":"bad %b"}]}']
)
def test_a_secret_that_zoho_repeats_is_taken_out(
    zoho: LoopbackZoho, client: ZohoClient, body: Any
) -> None:
    for secret in (b"token-1", REFRESH_TOKEN.encode(), CLIENT_SECRET.encode()):
        zoho.script(Answer(body % secret, status=400))
        with pytest.raises(BadDataError, match=r"\[secret\]") as caught:
            client.get(*CALENDAR)
        assert secrets_in(all_of(caught.value)) == []


def test_the_token_endpoints_words_are_without_secrets(
    zoho: LoopbackZoho, client: ZohoClient
) -> None:
    zoho.script_token(
        Answer({"error": f"slow {REFRESH_TOKEN}", "error_description": CLIENT_SECRET})
    )
    with pytest.raises(SlowDownError, match=r"slow \[secret\] \[secret\]") as caught:
        client.get(*CALENDAR)
    assert secrets_in(all_of(caught.value)) == []


def test_words_of_zoho_are_one_short_line(zoho: LoopbackZoho, client: ZohoClient) -> None:
    zoho.script(Answer(b"a\r\nb\x00\x1b[31m" + b"x" * 5000, status=400))
    with pytest.raises(BadDataError) as caught:
        client.get(*CALENDAR)
    message = str(caught.value)
    assert message.isprintable()
    assert "a b [31mxxx" in message
    assert len(message) < 400


def test_no_log_holds_a_secret(
    zoho: LoopbackZoho,
    client: ZohoClient,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """httpx logs each address at INFO and httpcore more at DEBUG; stamina logs each repeat."""
    for name in (None, "httpx", "httpcore"):  # the bridge's own log keeps them quiet
        caplog.set_level(logging.DEBUG, logger=name)
    zoho.script(Answer(status=500), Answer(status=401), Answer(reset=True), Answer({}))
    client.get(*CALENDAR, {"range": "{}"})
    printed = capsys.readouterr()
    output = caplog.text + printed.out + printed.err
    assert "/oauth/v2/token" in output
    assert secrets_in(output) == []


def test_no_repr_holds_a_secret(zoho: LoopbackZoho, client: ZohoClient, store: Store) -> None:
    client.get(*CALENDAR)
    token = store.tokens.access_token(account_of(settings_for(zoho.url)))
    assert token is not None
    assert token.value == "token-1"
    assert secrets_in(f"{token!r} {client!r} {store!r} {settings_for(zoho.url)!r}") == []


def test_the_account_is_a_short_name_that_reveals_nothing() -> None:
    """Another host, client, secret or refresh token is another account."""
    names = {
        account_of(settings_for("http://a")),
        account_of(settings_for("http://b")),
        account_of(settings_for("http://a", client_id="other")),
        account_of(settings_for("http://a", client_secret=Secret("other"))),
        account_of(settings_for("http://a", refresh_token=Secret("other"))),
    }
    assert len(names) == 5
    assert all(len(name) == 16 and name.isalnum() for name in names)
    assert account_of(settings_for("http://a", connect_timezone="Asia/Kolkata")) in names
