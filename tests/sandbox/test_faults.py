"""Subscribers see nothing of Zoho's faults: every fault on every route of every product.

The promise of the bridge (docs/decisions.md): what is published stays byte for byte, the source's
row holds the error and when the next attempt is, no secret is shown, and the feed catches up
without help.
"""

from dataclasses import replace
from datetime import timedelta
import logging
import re
from typing import Any

import pytest
import stamina

from bridge.errors import SlowDownError
from bridge.feed.publication import Document
from tests.sandbox.faulty_bridge import (
    SOURCES,
    TEAM,
    WORK,
    World,
    assert_no_secret,
    feed_of,
    is_sentence,
)
from tests.zoho_faults import KINDS, ROUTES

# No refresh reads these: they are for discovery, for verifying and for changing.
OTHERS = {"backstage.portals", "connect.networks", "connect.groups", "calendar.calendars"}
OTHERS |= {"calendar.instances", "connect.update"}

NOT_AN_ANSWER = {"status", "html", "truncated", "drip", "reset", "delay", "throttle"}
OPTIONAL = {"backstage.agendas", "backstage.halls", "backstage.tracks", "backstage.speakers"}

# Wrong answers that fail no read, because nothing is lost. Every other fault fails the read.
HARMLESS = {
    **{
        (route, "expired-token"): "note" for route in OPTIONAL
    },  # only words, and the last good ones are kept
    **{(route, "clock-skew"): "note" for route in OPTIONAL},
    ("backstage.agendas", "wrong-types"): "",  # only counted
    ("backstage.agendas", "empty-list"): "",  # the days are then tried one after the other
    ("backstage.halls", "empty-list"): "note",
    ("backstage.tracks", "empty-list"): "note",
    ("backstage.speakers", "empty-list"): "note",
    ("backstage.event", "empty-list"): "",  # an event, not a list
    ("calendar.calendar", "wrong-types"): "note",  # its zone and reminders are those of before
    ("calendar.calendar", "empty-list"): "note",
    ("calendar.event", "empty-list"): "note",
    ("oauth.token", "empty-list"): "",  # no list
    # The same question gets the same answer again, which is only an old one.
    **{
        (f"backstage.{name}", "duplicate-page"): ""
        for name in ("event", "agendas", "halls", "tracks", "speakers")
    },
    ("backstage.sessions", "duplicate-page"): "",  # the days come in another order, and all of them
    ("connect.events", "duplicate-page"): "",
    ("calendar.calendar", "duplicate-page"): "",
    ("calendar.event", "duplicate-page"): "",
}
# A list of events that is suddenly empty is believed when it is still empty ten minutes later.
PENDING = {
    (route, "empty-list")
    for route in ("backstage.events", "backstage.sessions", "connect.events", "calendar.events")
}


def test_the_table_of_expectations_names_only_what_there_is() -> None:
    assert SOURCES.keys() | OTHERS == set(ROUTES)
    assert {kind for _, kind in HARMLESS} | NOT_AN_ANSWER <= set(KINDS)
    assert not any(kind in NOT_AN_ANSWER for _, kind in HARMLESS)


# The fast lane meets each kind of fault on one route, and each route with one kind of fault.
def cells() -> list[Any]:
    for_all, slow_kinds = "html", {"drip", "delay"}
    return [
        pytest.param(
            *(route, kind),
            id=f"{route}-{kind}",
            marks=()
            if kind not in slow_kinds and (kind == for_all or route == "backstage.events")
            else pytest.mark.slow,
        )
        for route in SOURCES
        for kind in KINDS
    ]


@pytest.mark.parametrize(("route", "kind"), cells())
def test_no_fault_reaches_a_subscriber(
    world: World,
    route: str,
    kind: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.INFO)  # also what the bridge's log leaves out: addresses of requests
    source = SOURCES[route]
    slug = feed_of(source).slug
    world.skip_to_next_round()
    if route == "oauth.token":  # or there is no earlier answer that could come twice
        world.box.tokens.expire()
    assert world.refresh(source).outcome == "refreshed", world.state(source).error
    published, secrets = world.documents(slug), world.secrets()
    assert all(published)

    harmless = HARMLESS.get((route, kind))
    title = (
        world.edit(route) if harmless is None else ""
    )  # a failed read must not publish even a true change
    world.touch()
    if route == "oauth.token":
        world.box.tokens.expire()
    details: dict[str, Any] = {"seconds": 1.5} if kind == "delay" else {}
    if (route, kind) == ("oauth.token", "clock-skew"):
        details = {"skew": -7200}
    world.box.faults.add(route, kind, **details)
    world.wait_until_due(source)
    world.box.forget_requests()
    report = world.refresh(source, hasty=kind in {"drip", "delay"})
    state = world.state(source)

    assert any(request.route == route for request in world.box.requests) or kind in {
        "drip",
        "delay",
    }
    assert world.documents(slug) == published
    assert state.next_check_at > world.clock()
    if harmless is not None:
        assert (report.outcome, state.error, state.warning) == ("refreshed", None, None)
        assert bool(state.notes) == bool(harmless)
        assert all(is_sentence(str(note)) for note in state.notes)
    elif (route, kind) in PENDING:
        assert report.outcome == "held"
        assert "coming events are missing" in str(state.warning)
    else:
        assert (report.outcome, report.error) == ("failed", str(state.error))
        assert is_sentence(str(state.error))
        assert state.failing_since is not None
    assert_no_secret(world, secrets, report, state, caplog.text, *capsys.readouterr())

    title = title or world.edit(route)
    world.box.faults.clear()
    world.clock.now = state.next_check_at
    assert world.refresh(source).outcome == "refreshed", world.state(source).error
    healed = world.state(source)
    assert (healed.error, healed.warning, healed.failing_since, healed.notes) == (
        None,
        None,
        None,
        (),
    )
    assert all(title.encode() in document.body for document in world.documents(slug))
    assert len(world.documents(slug)[0].body) == len(published[0].body) + (
        len(title) - len(title_in(published[0]))
    )


def title_in(document: Document) -> str:
    """Return the title of the event that ``World.edit`` changes."""
    match = re.search(rb"SUMMARY:(Edited \d+|Meetup 1|Talk 1\.3|Sync 3|Weekly)\r\n", document.body)
    assert match
    return match[1].decode()


@pytest.mark.parametrize("kind", ["status", "truncated", "reset"])
@pytest.mark.parametrize("route", ["backstage.events", "backstage.sessions", "calendar.events"])
def test_one_failed_page_of_many_fails_the_read(world: World, route: str, kind: str) -> None:
    """Else the events of one page or month would vanish."""
    source = SOURCES[route]
    slug = feed_of(source).slug
    world.skip_to_next_round()
    assert world.refresh(source).outcome == "refreshed"
    published = world.documents(slug)
    world.edit(route)
    world.box.faults.add(route, kind, after=1, times=1)
    world.wait_until_due(source)
    assert world.refresh(source).outcome == "failed"
    assert world.documents(slug) == published


@pytest.mark.parametrize(
    ("route", "field"),
    [
        *((f"backstage.{name}", name) for name in ("events", "sessions")),
        *(
            (f"{name}", "events")
            for name in ("connect.events", "calendar.events", "calendar.event")
        ),
    ],
)
def test_what_is_no_list_is_not_taken_for_an_empty_one(
    world: World, route: str, field: str
) -> None:
    """The kind "wrong-types" above spoils single values; here the list itself is none."""
    source = SOURCES[route]
    slug = feed_of(source).slug
    world.skip_to_next_round()
    assert world.refresh(source).outcome == "refreshed"
    published = world.documents(slug)
    world.edit(route)
    world.box.faults.add(route, "wrong-types", field=field)
    world.wait_until_due(source)
    assert (
        world.refresh(source).outcome == "failed"
    )  # an empty list would be held back, and then believed
    assert is_sentence(str(world.state(source).error))
    assert world.documents(slug) == published


def test_what_passes_is_asked_for_again_at_once(world: World) -> None:
    """A single 502 is not worth a failure: up to three tries, then the next refresh."""
    world.skip_to_next_round()
    world.box.faults.add("calendar.events", "html", times=2)
    with stamina.set_testing(True, attempts=3):
        assert world.refresh(WORK).outcome == "refreshed"
    assert world.state(WORK).failures == 0


@pytest.mark.parametrize("as_date", [False, True])
def test_a_long_wait_becomes_the_time_of_the_next_try(world: World, as_date: bool) -> None:
    """Retry-After in both forms (RFC 9110 10.2.3); the server's clock is 3 hours slow."""
    world.skip_to_next_round()
    world.box.faults.add(
        "connect.events", "throttle", retry_after=4000, as_date=as_date, skew=-10800
    )
    assert world.refresh(TEAM).outcome == "failed"
    wait = world.state(TEAM).next_check_at - world.clock()
    assert timedelta(seconds=3999) <= wait <= timedelta(seconds=4000)
    world.box.faults.clear()
    with pytest.raises(SlowDownError):  # no other source reads this product before
        world.client.get("connect", "/allScopes")
    world.clock.now = world.state(TEAM).next_check_at


def test_a_source_that_takes_longer_than_five_minutes_is_given_up(world: World) -> None:
    """A worker that waits for ever reads nothing else; and no read may outlive its lease."""
    world.skip_to_next_round()
    questions: list[object] = []

    class Slow:
        def get(self, *question: Any, **options: Any) -> Any:
            questions.append(question)
            world.clock.now += timedelta(minutes=2)
            return world.client.get(*question, **options)

    report = replace(world.refresher(), api=Slow()).refresh(WORK.key)
    assert (report.outcome, report.requests) == ("failed", len(questions))
    assert len(questions) == 3
    assert "took more than 5 minutes" in str(world.state(WORK).error)
    assert is_sentence(str(world.state(WORK).error))
    world.wait_until_due(WORK)
    assert world.refresh(WORK).outcome == "refreshed"


def test_a_server_whose_clock_is_wrong_costs_at_most_two_tokens(world: World) -> None:
    """Tokens that end at once must not use up the limit of ten in ten minutes (Zoho OAuth)."""
    world.skip_to_next_round()
    world.box.tokens.expire()
    world.box.faults.add("oauth.token", "clock-skew", skew=-7200)
    world.box.forget_requests()
    for _ in range(5):
        world.wait_until_due(WORK)
        assert world.refresh(WORK).outcome == "failed"
    requests = [request for request in world.box.requests if request.route == "oauth.token"]
    assert len(requests) <= 10
    world.box.faults.clear()
    world.wait_until_due(WORK)
    assert world.refresh(WORK).outcome == "refreshed"
