"""Writing requests of the Zoho client, and the sandbox's updateEvent."""

from collections import Counter
from datetime import date, timedelta
from itertools import count

import pytest

from bridge import config
from bridge.domain.source import ConnectSource
from bridge.errors import UnavailableError, ZohoError
from bridge.sources.connect.update import parameters
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from tests.clock import NOW, Clock
from tests.command_line import GROUP, NETWORK
from tests.factories import BERLIN
from tests.push.connect_events import ANSWER, SAMOA, SAMPLES, SOURCE, update
from tests.push.push_command import OFFSITE
from tests.zoho_sandbox import Sandbox

PARAMETERS = parameters(
    update(stream=OFFSITE, title="Retreat", start=date(2026, 3, 24), end=date(2026, 3, 26)),
    ConnectSource(group=GROUP, network=NETWORK),
    BERLIN,
)


def routes(zoho: Sandbox) -> list[str]:
    return [request.route for request in zoho.requests]


def writing_client(zoho: Sandbox, store: Store) -> ZohoClient:
    """Return a client that never waits: its clock moves by three seconds with each look."""
    ticks = count()
    settings = config.load(zoho.environment()).zoho
    return ZohoClient(
        settings,
        store.tokens,
        store.rate_limits,
        clock=lambda: NOW + next(ticks) * timedelta(seconds=3),
    )


def test_an_expired_token_is_replaced_once_and_other_errors_are_not_retried(
    zoho: Sandbox, store: Store
) -> None:
    with writing_client(zoho, store) as client:
        client.get("connect", "/allScopes")
        zoho.tokens.expire()
        zoho.forget_requests()
        answer = client.post("connect", "/updateEvent", PARAMETERS)
        assert answer["updateEvent"]["stream"]["event"]["title"] == "Retreat"
        assert routes(zoho) == ["connect.update", "oauth.token", "connect.update"]
        for kind in ("status", "reset", "truncated", "html"):
            zoho.forget_requests()
            zoho.faults.add("connect.update", kind)
            with pytest.raises(UnavailableError):
                client.post("connect", "/updateEvent", PARAMETERS)
            zoho.faults.clear()
            assert routes(zoho) == ["connect.update"], kind


def test_a_long_description_is_sent_in_the_body_of_the_request(zoho: Sandbox, store: Store) -> None:
    """1,000 characters of any script are 12,000 bytes in an address, and servers accept 8,000."""
    text = "🎲" * 500
    with writing_client(zoho, store) as client:
        client.post("connect", "/updateEvent", PARAMETERS | {"desc": text})
    assert zoho.group(GROUP).events.find(OFFSITE)[0]["desc"] == text
    assert zoho.requests[-1].query == {}


def test_at_most_25_changes_are_sent_in_a_minute(zoho: Sandbox, store: Store) -> None:
    """Zoho Connect: update event, threshold. The clock moves only by waiting."""
    clock, sent_at = Clock(), []
    settings = config.load(zoho.environment()).zoho
    patience = timedelta(minutes=5)
    with ZohoClient(
        settings, store.tokens, store.rate_limits, clock=clock, sleep=clock.sleep, patience=patience
    ) as client:
        for _ in range(60):
            client.post("connect", "/updateEvent", PARAMETERS)
            sent_at.append(clock())
    busiest = max(
        sum(moment <= other < moment + timedelta(minutes=1) for other in sent_at)
        for moment in sent_at
    )
    assert 20 <= busiest <= 25


def test_the_sandbox_answers_with_the_times_of_the_documents_sample(
    zoho: Sandbox, store: Store
) -> None:
    sample = ANSWER["updateEvent"]["stream"]
    asked = parameters(update(stream=SAMPLES[1]["streamId"]), SOURCE, SAMOA)
    with writing_client(zoho, store) as client:
        stream = client.post("connect", "/updateEvent", asked)["updateEvent"]["stream"]
    parts = ("Year", "Month", "Date", "Hour", "Min")
    same = {"title"} | {f"{side}{part}" for side in ("start", "end") for part in parts}
    assert {name: stream["event"][name] for name in same} == {
        name: sample["event"][name] for name in same
    }
    assert [stream["event"][side][:-3] for side in ("startTime", "endTime")] == [
        sample["event"][side][:-3] for side in ("startTime", "endTime")
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"streamId": "1"}, "Invalid streamId"),
        ({"scopeID": "1"}, "Invalid scopeID"),
        ({"title": ""}, "title is missing"),
        ({"title": "x" * 251}, "title has more than 250"),
        ({"desc": "x" * 1001}, "desc has more than 1000"),
        ({"startMin": ""}, "startMin is missing"),
        ({"startMonth": "13"}, "month must be in"),
        ({"endDate": "1"}, "end is before"),
        ({"intervalMinute": "20"}, "intervalMinute is one of"),
        ({"intervalDay": "3"}, "intervalDay is one of"),
    ],
)
def test_the_sandbox_refuses_undocumented_parameters(
    zoho: Sandbox, store: Store, changes: dict[str, str], message: str
) -> None:
    before = zoho.group(GROUP).events.all()
    with writing_client(zoho, store) as client, pytest.raises(ZohoError, match=message):
        client.post("connect", "/updateEvent", PARAMETERS | changes)
    assert zoho.group(GROUP).events.all() == before
    assert Counter(routes(zoho))["connect.update"] == 1
