"""The errors of the token endpoint, and how long they hold.

Answers and their meaning come from docs/zoho-apis.md, cited as "Zoho APIs 1.4".
"""

import pytest

from bridge.errors import BadDataError, LoginError, SlowDownError, UnavailableError, ZohoError
from bridge.zoho.client import ZohoClient
from tests.clock import Clock
from tests.zoho.loopback import CALENDAR, Answer, LoopbackZoho, all_of, secrets_in, token_body


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "invalid_code",
            r"127\.0\.0\.1 \(data centre eu\).*revoked.*ZOHO_REFRESH_TOKEN.*ZOHO_DATA_CENTER",
        ),
        (
            "invalid_grant",
            r"127\.0\.0\.1 \(data centre eu\).*revoked.*ZOHO_REFRESH_TOKEN.*ZOHO_DATA_CENTER",
        ),
        ("invalid_client", r"client id.*ZOHO_CLIENT_ID.*ZOHO_DATA_CENTER"),
        ("invalid_client_secret", r"ZOHO_CLIENT_SECRET"),
    ],
)
def test_a_refused_login_names_the_setting(
    zoho: LoopbackZoho, client: ZohoClient, status: int, code: str, words: str
) -> None:
    """Zoho APIs 1.4: permanent errors, as 200 or 400."""
    zoho.script_token(Answer({"error": code}, status=status))
    with pytest.raises(LoginError, match=words) as caught:
        client.get(*CALENDAR)
    assert zoho.calls == []
    assert len(zoho.token_calls) == 1
    assert secrets_in(all_of(caught.value)) == []


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        pytest.param(
            Answer(
                {
                    "error": "Access Denied",
                    "error_description": "You have made too many requests continuously.",
                    "status": "failure",
                },
                status=400,
            ),
            600,
            id="Zoho APIs 1.4",
        ),
        pytest.param(
            Answer({"error": "访问被拒绝", "status": "failure"}),
            600,
            id="Zoho APIs 1.4 localised, 200",
        ),
        pytest.param(Answer({}), 600, id="nothing"),
        pytest.param(Answer({"access_token": ""}), 600, id="an empty token"),
        pytest.param(Answer({"access_token": None}), 600, id="a null token"),
        pytest.param(Answer({"access_token": 5}), 600, id="a number for a token"),
        pytest.param(Answer(b"<html>", status=429), 600, id="429 with a page"),
        pytest.param(
            Answer({}, status=429, headers={"Retry-After": "1800"}), 1800, id="longer on request"
        ),
        pytest.param(Answer({}, status=429, headers={"Retry-After": "5"}), 600, id="never shorter"),
    ],
)
def test_no_token_and_no_known_reason_is_the_throttle(
    zoho: LoopbackZoho, client: ZohoClient, answer: Answer, seconds: float
) -> None:
    """Zoho APIs 1.4: the text is translated, so only the missing token shows it."""
    zoho.script_token(answer)
    with pytest.raises(SlowDownError) as caught:
        client.get(*CALENDAR)
    assert caught.value.retry_after == seconds
    assert len(zoho.token_calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(b"<html>Sorry</html>", status=503), id="Zoho APIs 1.4 a page with 5xx"),
        pytest.param(Answer(b"<!DOCTYPE html>login", status=200), id="a page with 200"),
        pytest.param(Answer({"error": "general_error"}, status=500), id="JSON with 500"),
        pytest.param(Answer(b"", status=200), id="nothing"),
        pytest.param(Answer([1], status=200), id="an array"),
        pytest.param(Answer(b'{"access_token":"leaked', status=200), id="cut JSON"),
        pytest.param(Answer(b'{"access_token":"leaked', cut=True), id="cut body"),
        pytest.param(Answer(reset=True), id="a reset connection"),
    ],
)
def test_an_outage_of_the_token_endpoint_passes_and_is_not_repeated_at_once(
    zoho: LoopbackZoho, client: ZohoClient, answer: Answer
) -> None:
    """A second POST would count against the 10 in 10 minutes (Zoho APIs 1.3)."""
    zoho.script_token(answer)
    with pytest.raises(UnavailableError) as caught:
        client.get(*CALENDAR)
    assert len(zoho.token_calls) == 1
    assert zoho.calls == []
    assert secrets_in(all_of(caught.value)) == []


def test_a_token_endpoint_that_redirects_is_a_wrong_address(
    zoho: LoopbackZoho, client: ZohoClient
) -> None:
    zoho.script_token(Answer(status=302, headers={"Location": f"{zoho.url}/elsewhere"}))
    with pytest.raises(LoginError, match="ZOHO_ACCOUNTS_URL"):
        client.get(*CALENDAR)
    assert len(zoho.seen) == 1


@pytest.mark.parametrize("value", ["leaked\n", "leaked\r\nX: y", "leaked token", "leakedé"])
def test_a_token_that_no_header_can_hold_is_refused_unseen(
    zoho: LoopbackZoho, client: ZohoClient, value: str
) -> None:
    """h11 repeats an illegal header, token and all, in the text of its error."""
    zoho.script_token(Answer(token_body(value)))
    with pytest.raises(BadDataError, match="cannot be used") as caught:
        client.get(*CALENDAR)
    assert secrets_in(all_of(caught.value)) == []


@pytest.mark.parametrize(
    ("answer", "kind", "seconds"),
    [
        (Answer({"error": "invalid_code"}), LoginError, 600),
        (Answer({"error": "Access Denied"}, status=400), SlowDownError, 600),
        (Answer(status=502), UnavailableError, 60),
    ],
)
def test_a_failed_login_is_remembered_instead_of_repeated(
    zoho: LoopbackZoho,
    client: ZohoClient,
    clock: Clock,
    answer: Answer,
    kind: type[ZohoError],
    seconds: float,
) -> None:
    """Zoho APIs 1.3: each request counts, so the failure is remembered."""
    zoho.script_token(answer)
    with pytest.raises(kind) as first:
        client.get(*CALENDAR)
    clock.forward(seconds=seconds - 1)
    with pytest.raises(kind) as again:
        client.get(*CALENDAR)
    assert str(again.value) == str(first.value)
    assert again.value.retry_after == 1
    assert len(zoho.token_calls) == 1
    clock.forward(seconds=1)
    assert client.get(*CALENDAR) == {"events": []}
    assert len(zoho.token_calls) == 2
