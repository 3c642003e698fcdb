"""The form of a feed's page that makes and changes selections, over HTTP and without JavaScript."""

from dataclasses import replace
from datetime import UTC, datetime
import html
from itertools import count
from pathlib import Path
import re
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from bridge.feed.agenda import NO_INVITATION
from bridge.feed.document import PLACEHOLDER
from bridge.publish.publisher import publish
from bridge.store import Store, selections
from tests.factories import MINUTE, put
from tests.served import web_app
from tests.web.selected_feeds import (
    FEED,
    OPEN,
    SUMMIT,
    TALKS,
    WORK,
    fill,
    link_token,
    new_path,
    uids,
)

Form = dict[str, list[str]]


@pytest.fixture
def filled(store: Store, now: datetime, time_machine: TimeMachineFixture) -> Store:
    time_machine.move_to(now)
    fill(store, now, FEED, OPEN)
    return store


@pytest.fixture
def client(filled: Store, tmp_path: Path) -> FlaskClient:
    # No answer is cached: each look at the clock is a second later.
    return web_app(filled, tmp_path, clock=count().__next__).test_client()


@pytest.fixture
def page_url(filled: Store) -> str:
    return f"/f/{link_token(filled)}/"


def form_of(page: TestResponse, *, ticked: bool = True) -> Form:
    """Return what a browser would send: the values of the form's fields, or all that it offers."""
    values: Form = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        fields = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        is_sent = fields.get("type") == "hidden" or " checked" in tag
        if (
            {"name", "value"} <= set(fields)
            and (is_sent or not ticked)
            and fields["name"] not in ("zone", "from", "q")
        ):
            values.setdefault(fields["name"], []).append(html.unescape(fields["value"]))
    return values


def saved(client: FlaskClient, url: str, **form: object) -> str:
    """Send a form; return the path of the selection's page."""
    response = client.post(url, data=form)
    assert response.status_code == 303, response.text
    return urlsplit(response.headers["Location"]).path


def test_the_page_offers_labels_events_and_reminders(client: FlaskClient, page_url: str) -> None:
    page = client.get(f"{page_url}?from=2026-03-01")
    offered = form_of(page, ticked=False)
    assert (
        {kind: set(values) for kind, values in offered.items()}
        == {
            "track": {"Data", "Web"},
            "hall": {"Hall A", "Hall B"},
            "speaker": {"Ada", "Bob"},
            "category": {"talk", "workshop"},
            "answer": {"accepted", "declined", NO_INVITATION},
            "source": {"Open", "Zoho Calendar"},  # the feed that shows it alone, else the product
            "event": {event.uid for event in (*TALKS[:3], TALKS[3])}
            | {"m1", "m2", "m3", "m4"}
            | set(offered["event"]),
        }
    )
    assert len(offered["event"]) == len(set(offered["event"]))  # a series has one box
    assert form_of(page) == {}
    assert WORK.key not in page.text  # ids in Zoho are secret
    assert '<option value="120">120 minutes before</option>' in page.text


def test_a_form_makes_a_selection_and_leads_to_its_page(client: FlaskClient, page_url: str) -> None:
    url = saved(client, f"{page_url}?lang=en", hall="Hall A", track=["Data", "Web"], event="m3")
    assert url != page_url
    page = client.get(f"{url}?from=2026-03-01")
    ticked = {"hall": ["Hall A"], "track": ["Data", "Web"], "event": ["m3"]}
    assert {name: v for name, v in form_of(page).items() if name != "version"} == ticked
    assert f"webcal://localhost{url}summit.ics" in page.text
    assert page_url not in page.text
    assert "These buttons lead to your selection: Data, Web, Hall A, 1 event." in page.text
    assert "within 7 days" in page.text
    assert uids(client.get(f"{url}summit.ics").data) == ["a1", "a2", "m3"]
    words = set(re.split(r"\W+", page.text))
    assert words & {"a1", "a2", "b1", "m1", "m3"} == {"a1", "a2", "m3"}


def test_a_selection_changes_under_the_same_address(client: FlaskClient, page_url: str) -> None:
    url = saved(client, page_url, hall="Hall A", event=["m1", "b1"])
    everything = client.get(f"{url}?choose=1&from=2026-03-01")
    assert {"a1", "b1", "b2", "m1", "m2"} <= set(form_of(everything, ticked=False)["event"])
    form = form_of(everything) | {"hall": ["Hall B"], "event": ["m1", "m2"], "reminder": ["15"]}
    assert saved(client, url, **form) == url
    body = client.get(f"{url}summit.ics").data
    assert uids(body) == ["b1", "m1", "m2", "b2"] or set(uids(body)) == {"b1", "m1", "m2", "b2"}
    assert body.count(b"TRIGGER:-PT15M") == 3  # the fourth takes a whole day


def test_ticked_events_that_the_page_does_not_list_stay_ticked(
    client: FlaskClient, page_url: str
) -> None:
    url = saved(client, page_url, event=["a1", "m1", "m2"])
    later = client.get(f"{url}?from=2026-06-01")
    assert sorted(form_of(later)["event"]) == ["a1", "m1", "m2"]
    assert saved(client, url, **form_of(later)) == url
    assert uids(client.get(f"{url}summit.ics").data) == ["a1", "m1", "m2"]


def test_a_star_adds_or_removes_one_event(client: FlaskClient, page_url: str) -> None:
    """As the button of an event's page does."""
    url = saved(client, page_url, star="a1")
    assert saved(client, url, star="m1") == url
    assert uids(client.get(f"{url}summit.ics").data) == ["a1", "m1"]
    saved(client, url, star="a1")
    assert form_of(client.get(url))["event"] == ["m1"]


@pytest.mark.parametrize(
    ("field", "values", "names"),
    [
        ("hall", ["Hall A", "Nowhere", "x" * 300], f"Nowhere, {'x' * 60}"),
        ("event", ["a1", "nothing", "é\n\x00"], "2 events"),
        ("reminder", ["7"], "7"),
        ("source", [WORK.key], "calendar:work"),
        ("star", ["nothing"], "1 event"),
    ],
)
def test_what_is_not_in_the_feed_is_named_and_not_stored(
    client: FlaskClient, filled: Store, page_url: str, field: str, values: list[str], names: str
) -> None:
    """Everything would match a selection of nothing, so it is an error. The rest stays ticked."""
    form = {"hall": ["Hall A"], "event": ["a1"]}
    answer = client.post(page_url, data=form | {field: values, "color": "red"})
    assert answer.status_code == 422
    assert f"Not in this calendar: {names}. Save again without it." in answer.text
    if field == "star":
        return
    url = saved(client, page_url, **form_of(answer))
    found = filled.selections.find(url.split("/")[2], now=datetime.now(UTC))
    assert found is not None
    assert (found.ticks.labels, found.ticks.events) == ((("hall", "Hall A"),), ("a1",))
    assert found.ticks.reminder is None


def test_lost_labels_stay_ticked_and_the_page_says_that_nothing_matches(
    client: FlaskClient, filled: Store, page_url: str, now: datetime
) -> None:
    url = saved(client, page_url, hall="Hall A")
    put(filled, now + MINUTE, *TALKS[2:], source=SUMMIT)
    publish(filled, "summit", now=now + MINUTE)
    page = client.get(url)
    assert form_of(page)["hall"] == ["Hall A"]
    assert "Nothing that you selected is in the calendar today." in page.text
    assert uids(client.get(f"{url}summit.ics").data) == uids(PLACEHOLDER)
    assert saved(client, url, **form_of(page) | {"event": ["b1"]}) == url
    assert uids(client.get(f"{url}summit.ics").data) == ["b1"]


def test_two_browsers_do_not_overwrite_each_other_unseen(
    client: FlaskClient, page_url: str
) -> None:
    url = saved(client, page_url, hall="Hall A")
    first = form_of(client.get(url))
    second = first | {"hall": ["Hall B"]}
    saved(client, url, **first | {"track": ["Data"]})
    refused = client.post(url, data=second)
    assert refused.status_code == 409
    assert "was changed elsewhere" in refused.text
    assert form_of(refused)["hall"] == ["Hall B"]  # what was ticked here, to save again
    assert "was changed elsewhere" not in client.get(url).text
    assert form_of(client.get(url))["hall"] == ["Hall A"]
    assert saved(client, url, **form_of(refused)) == url
    assert form_of(client.get(url))["hall"] == ["Hall B"]


@pytest.mark.parametrize(
    ("form", "status", "sentence"),
    [
        ({}, 422, "Select at least one option, event or reminder."),
        ({"hall": "Nowhere", "reminder": "x"}, 422, "Not in this calendar: Nowhere, x."),
        ({"event": [f"event-{n}" for n in range(1001)]}, 413, "Select at most 1000 options"),
    ],
)
def test_a_form_that_cannot_be_saved_says_why(
    client: FlaskClient, page_url: str, form: Form, status: int, sentence: str
) -> None:
    for url in (page_url, "/feeds/open/"):
        answer = client.post(url, data=form)
        assert answer.status_code == status
        assert sentence in answer.text
        assert sentence not in client.get(url).text


def test_ten_thousand_ticks_are_refused(client: FlaskClient, page_url: str) -> None:
    answer = client.post(page_url, data={"event": [f"event-{n}" for n in range(10_000)]})
    assert answer.status_code == 413
    assert "Select fewer options." in answer.text


def test_limits_are_told_in_a_sentence(
    client: FlaskClient, page_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        saved(client, page_url, hall="Hall A")
    answer = client.post(page_url, data={"hall": "Hall B"})
    assert (answer.status_code, form_of(answer)["hall"]) == (429, ["Hall B"])
    assert "Try again in an hour." in answer.text
    monkeypatch.setattr(selections, "MOST_OF_LINK", 20)
    other = {"REMOTE_ADDR": "192.0.2.1"}
    answer = client.post(page_url, data={"hall": "Hall B"}, environ_base=other)
    assert answer.status_code == 409
    assert "as many selections as it can have" in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_other_sites_cannot_send_the_form(client: FlaskClient, page_url: str, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Origin": "https://evil.example"}
    answer = client.post(page_url, data={"hall": "Hall A"}, headers=headers)
    assert answer.status_code == 403


def test_a_public_feed_has_selections_of_its_own(client: FlaskClient, filled: Store) -> None:
    url = saved(client, "/feeds/open/", hall="Hall B")
    assert uids(client.get(f"{url}open.ics").data) == ["b1", "b2"]
    assert filled.selections.count("open", now=datetime.now(UTC)) == {"": 1}


@pytest.mark.parametrize("shown", [{"public": True}, {"privacy": "busy"}])
def test_a_public_or_busy_feed_does_not_show_its_owners_responses(
    store: Store, now: datetime, tmp_path: Path, shown: dict[str, Any]
) -> None:
    """Neither by its public address nor by a link, nor in a selection that has such a tick."""
    fill(store, now, replace(FEED, **shown))
    client = web_app(store, tmp_path).test_client()
    ticked = new_path(store, ("answer", "declined")).removesuffix("summit.ics")
    pages = [f"/f/{link_token(store)}/", ticked]
    for path in [*pages, "/feeds/summit/"] if "public" in shown else pages:
        page = client.get(f"{path}?from=2026-03-01")
        assert "answer" not in form_of(page, ticked=False)
        assert "Declined" not in page.text
        answer = client.post(path, data={"answer": "declined"})
        assert answer.status_code == 422
    march = "start=2026-03-01&end=2026-04-01"
    whole = client.get(f"{pages[0]}summit.json?{march}").json
    assert client.get(f"{pages[0]}summit.json?{march}&answer=declined").json == whole != []
    assert client.get(f"{ticked}summit.json?{march}").json == []
    assert uids(client.get(f"{ticked}summit.ics").data) == uids(PLACEHOLDER)


def test_the_admin_sees_how_many_selections_a_link_has(
    filled: Store, tmp_path: Path, page_url: str
) -> None:
    client = web_app(filled, tmp_path, open_admin=True).test_client()
    assert "1 selection." not in client.get("/admin/feeds/summit/").text
    saved(client, page_url, hall="Hall A")
    assert "1 selection." in client.get("/admin/feeds/summit/").text


def test_the_embed_of_a_selection_shows_it_alone(client: FlaskClient, page_url: str) -> None:
    url = saved(client, page_url, hall="Hall A")
    page = client.get(f"{url}embed?month=2026-03&choose=1").text
    words = set(re.split(r"\W+", page))
    assert words & {"a1", "a2", "b1", "m1"} == {"a1", "a2"}
    assert "checkbox" not in page
