"""Events as JSON for FullCalendar, and the schema of all addresses.

The form is that of FullCalendar's documents: "Event parsing" and "events (as a JSON feed)".
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
import json
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
import pytest
from time_machine import TimeMachineFixture

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.agenda import AgendaItem
from bridge.feed.publication import EntryAgenda, Publication
from bridge.feed.selection import Ticks
from bridge.store import Store
from tests.served import document, web_app

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def seconds(month: int, day: int, hour: int, minute: int = 0) -> int:
    return int(datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp())


SERIES = AgendaItem(
    uid="s",
    title="Stand-up",
    zone="Europe/Berlin",
    place="Hall 1",
    url="https://example.org/s",
    join_url="javascript:alert(1)",
    description="Daily",
    source="calendar:secret-id",
    repeats=True,
    times=tuple(
        (seconds(month, 10, hour), seconds(month, 10, hour, 15))
        for month, hour in ((3, 8), (4, 7))  # 9:00 in Berlin, before and after the clocks change
    ),
)
FAIR = AgendaItem(
    uid="f",
    title="Fair",
    all_day=True,
    url="ftp://example.org/f",
    times=((date(2026, 3, 20).toordinal(), date(2026, 3, 22).toordinal()),),
)
INSTANT = AgendaItem(uid="i", title="Gong", times=((seconds(3, 31, 22),) * 2,))


@pytest.fixture
def client(store: Store, tmp_path: Path, time_machine: TimeMachineFixture) -> FlaskClient:
    time_machine.move_to(NOW, tick=False)
    sources = (CalendarSource(calendar="c"),)
    feeds = [Feed(slug="open", title="O", sources=sources, public=True)]
    feeds += [Feed(slug=slug, title="T", sources=sources) for slug in ("team", "new")]
    store.feeds.replace(feeds, now=NOW)
    for slug in ("team", "new"):
        store.links.ensure(slug, now=NOW)
    for slug in ("open", "team"):
        agenda = [
            EntryAgenda(uid=item.uid, items=(item,), labels=frozenset({("category", item.title)}))
            for item in (SERIES, FAIR, INSTANT)
        ]
        store.publications.publish(
            slug, Publication(revision=0, documents=[document(b"x")], agenda=agenda, now=NOW)
        )
    return web_app(store, tmp_path).test_client()


def secret(store: Store, slug: str = "team") -> str:
    return f"/f/{store.links.token(store.links.of(slug)[0])}/{slug}.json"


def starts(client: FlaskClient, query: str, path: str = "/feeds/open.json") -> Sequence[str]:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    return [event["start"] for event in answer.json or ()]


def test_an_event_has_fullcalendars_form(client: FlaskClient) -> None:
    got = client.get("/feeds/open.json?start=2026-03-01&end=2026-04-01")
    assert got.headers["Content-Type"] == "application/json"
    stand_up, fair, gong = json.loads(got.data)
    assert stand_up == {
        "id": "s/2026-03-10T08:00:00Z",
        "groupId": "s",
        "title": "Stand-up",
        "start": "2026-03-10T08:00:00Z",
        "end": "2026-03-10T08:15:00Z",
        "allDay": False,
        "url": "https://example.org/s",
        "extendedProps": {
            "timeZone": "Europe/Berlin",
            "location": "Hall 1",
            "description": "Daily",
            "status": "CONFIRMED",
            "cancelled": False,
            "busy": True,
            "joinUrl": "",  # no script
            "categories": [],
            "speakers": [],
        },
    }
    assert (fair["id"], fair["start"], fair["end"]) == ("f", "2026-03-20", "2026-03-22")
    assert fair["allDay"]
    assert "url" not in fair
    assert fair["extendedProps"]["timeZone"] is None
    assert gong["start"] == gong["end"] == "2026-03-31T22:00:00Z"
    assert b"secret-id" not in got.data  # no id of Zoho


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("start=2026-04-10T07:00:00Z&end=2026-04-10T07:15:00Z", ["2026-04-10T07:00:00Z"]),
        ("start=2026-04-10T07:14:59Z&end=2026-05-01", ["2026-04-10T07:00:00Z"]),
        ("start=2026-04-10T07:15:00Z&end=2026-05-01", []),
        ("start=2026-04-01&end=2026-04-10T07:00:00Z", []),
        ("start=2026-04-10T09:00:00%2B02:00&end=2026-04-11", ["2026-04-10T07:00:00Z"]),
        ("start=2026-04-10T09:00:00+02:00&end=2026-04-11", ["2026-04-10T07:00:00Z"]),
        ("start=2026-04-10T07:15&end=2026-04-11", []),  # without a zone: UTC
        ("start=2026-03-31T22:00:00Z&end=2026-04-01", ["2026-03-31T22:00:00Z"]),
        ("start=2026-03-21&end=2026-03-22", ["2026-03-20"]),
        ("start=2026-03-22&end=2026-03-23", []),
        ("start=2026-03-19&end=2026-03-20", []),
        # All-day events are on the days of the client.
        ("start=2026-03-19T00:00:00-11:00&end=2026-03-20T00:00:00-11:00", []),
        ("start=2026-03-21T23:00:00%2B13:00&end=2026-03-22T00:00:00%2B13:00", ["2026-03-20"]),
        # Without a span: from today, over 90 days.
        (
            "",
            ["2026-03-10T08:00:00Z", "2026-03-20", "2026-03-31T22:00:00Z", "2026-04-10T07:00:00Z"],
        ),
        ("start=2026-01-01", ["2026-03-10T08:00:00Z", "2026-03-20", "2026-03-31T22:00:00Z"]),
        ("end=2026-05-01&x=y", None),
    ],
)
def test_it_has_what_overlaps_the_span(
    client: FlaskClient, query: str, expected: list[str] | None
) -> None:
    everything = [
        "2026-03-10T08:00:00Z",
        "2026-03-20",
        "2026-03-31T22:00:00Z",
        "2026-04-10T07:00:00Z",
    ]
    assert starts(client, query) == (everything if expected is None else expected)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("start=2026-01-01&end=2027-02-06", "400 days"),
        ("start=2026-01-02&end=2026-01-01", "after start"),
        ("start=2026-01-01&end=2026-01-01", "after start"),
        ("start=&end=2026-01-01", "start must be"),
        ("start=2026-02-30", "start must be"),
        ("start=20260201", "start must be"),
        ("start=٢٠٢٦-02-01", "start must be"),
        ("end=tomorrow", "end must be"),
        ("start=0001-01-01T00:00:00%2B14:00&end=0001-02-01", "start must be"),
        ("start=9999-12-31T23:59:59-12:00", "start must be"),
    ],
)
def test_another_span_is_a_400_that_says_why(client: FlaskClient, query: str, problem: str) -> None:
    assert client.get("/feeds/open.json?start=2026-01-01&end=2027-02-05").status_code == 200
    answer = client.get(f"/feeds/open.json?{query}")
    assert answer.status_code == 400
    assert problem in (answer.json or {})["error"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_pages_of_other_sites_may_read_it_and_keep_a_copy(
    client: FlaskClient, store: Store
) -> None:
    for path, scope in (("/feeds/open.json", "public"), (secret(store), "private")):
        got = client.get(path)
        assert got.headers["Access-Control-Allow-Origin"] == "*"
        assert got.headers["Cache-Control"] == f"{scope}, max-age=60"
        again = client.get(path, headers={"If-None-Match": got.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Access-Control-Allow-Origin"] == "*"
        assert got.headers["Referrer-Policy"] == "no-referrer"


def test_a_part_of_a_feed_shows_its_own_events(client: FlaskClient, store: Store) -> None:
    ticks, link = Ticks(labels=(("category", "Fair"),)), store.links.of("team")[0]
    token = store.selections.add("team", link, ticks, client="c", now=datetime.now(UTC))
    path = f"/f/{token}/team.json"
    assert starts(client, "start=2026-01-01&end=2026-12-31", path) == ["2026-03-20"]


def test_other_addresses_open_nothing(client: FlaskClient, store: Store) -> None:
    """Also a feed that is not published yet."""
    wrong = ["/feeds/team.json", "/feeds/x.json", f"/f/{'x' * 24}/team.json"]
    wrong += [secret(store).replace("team.", "open."), secret(store, "new")]
    assert [client.get(path).status_code for path in wrong] == [404] * len(wrong)


def test_a_revoked_address_is_gone(client: FlaskClient, store: Store) -> None:
    path = secret(store)
    store.links.revoke("team", None, now=NOW)
    assert client.get(path).status_code == 410


def test_the_schema_has_every_address_of_a_feed(client: FlaskClient) -> None:
    described = {path.replace("{", "<").replace("}", ">") for path in paths_of(client)}
    rules = {str(rule) for rule in client.application.url_map.iter_rules()}
    assert {rule for rule in rules if rule.startswith(("/feeds/", "/f/"))} <= described
    assert {"/feeds/<slug>.ics", "/f/<token>/<slug>/<uid>.ics"} <= described


def paths_of(client: FlaskClient) -> list[str]:
    return list((client.get("/openapi.json").json or {})["paths"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the libraries that schemathesis uses
def test_schemathesis_finds_no_deviation_from_the_schema(client: FlaskClient, store: Store) -> None:
    """Also after spans, parameters and headers that are against it."""
    schemathesis: Any = pytest.importorskip("schemathesis")
    modes: Any = pytest.importorskip("schemathesis.generation").GenerationMode
    schemathesis.checks.load_all_checks()
    checks = schemathesis.checks.CHECKS.get_all()
    # A span of good dates may be too long, and unknown parameters are ignored.
    left_out = ("positive_data_acceptance", "negative_data_rejection")
    checks = [check for check in checks if check.__name__ not in left_out]
    names = {"token": secret(store).split("/")[2], "uid": "s"}
    tried = set()

    def run(case: Any) -> None:
        slug = "team" if "token" in case.path else "open"
        case.path_parameters = {name: names.get(name, slug) for name in case.path_parameters}
        case.call_and_validate(checks=checks)
        tried.add(case.path)

    schema = schemathesis.openapi.from_wsgi("/openapi.json", client.application)
    for result in schema.get_all_operations():
        operation = result.ok()

        wrong = [modes.NEGATIVE] if operation.path.endswith(".json") else []
        for mode in (modes.POSITIVE, *wrong):
            strategy = operation.as_strategy(generation_mode=mode)
            limits = settings(max_examples=30, suppress_health_check=list(HealthCheck))
            limits(given(case=strategy)(run))()
    assert tried == set(paths_of(client))
