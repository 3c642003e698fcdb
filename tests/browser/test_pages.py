"""The pages of the demo in Chromium: find a feed, subscribe, read, download, embed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
import http.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import re
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import icalendar
import pytest

from tests.browser.browsing import (
    COMPUTER,
    PHONE,
    Demo,
    Visit,
    package,
    scrolls_sideways,
    violations,
)

pytestmark = pytest.mark.browser

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def fetch(url: str) -> bytes:
    """Return the body of an address, without a browser's cache."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    assert answer.status == 200
    return body


@contextmanager
def site(pages: dict[str, bytes]) -> Iterator[str]:
    """Serve pages from another origin: another port is one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            body = pages.get(path, b"")
            self.send_response(200 if path in pages else 404)
            kind = "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def host_page(body: str) -> dict[str, bytes]:
    icon = '<link rel="icon" href="data:,">'
    head = f"<head><title>A team</title>{icon}</head>"
    return {"/": f'<!doctype html><html lang="en">{head}<body>{body}</body></html>'.encode()}


def test_a_visitor_finds_a_feed_and_copies_its_address(demo: Demo, visit: Visit) -> None:
    """From the demo's list to a feed's page; the copied address is the one the demo printed."""
    page = visit(f"{demo.root}/", **CLIPBOARD)
    page.get_by_role("link", name="Work", exact=True).first.click()
    page.get_by_role("link", name=re.compile("page", re.IGNORECASE)).first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Work"
    page.locator("button[data-copy=address]").click()
    page.get_by_text("Copied").first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == demo.feeds["Work"]


def test_each_button_leads_to_the_address_of_the_rulebook(demo: Demo, visit: Visit) -> None:
    """Rulebook part 3: Google gets the feed's webcal address, Outlook its https address."""
    address = demo.feeds["Work"]
    webcal = address.replace("http://", "webcal://")
    page = visit(demo.page("Work"))
    for name in ("Apple Calendar", "Outlook for Windows, other apps"):
        assert page.get_by_role("link", name=name, exact=True).get_attribute("href") == webcal
    requests: list[Any] = []

    def fulfill(route: Any) -> None:
        requests.append(route.request)
        route.fulfill(body="<title>There</title>", content_type="text/html")

    page.route(
        re.compile("^https://"),
        fulfill,
    )
    for name in ("Google Calendar", "Outlook.com", "Microsoft 365"):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_url(re.compile("^https://"))
        page.go_back()
    targets = [urlsplit(request.url) for request in requests if request.is_navigation_request()]
    assert [f"{parts.hostname}{parts.path}" for parts in targets] == [
        "calendar.google.com/calendar/r",
        "outlook.live.com/calendar/0/addfromweb",
        "outlook.office.com/calendar/0/addfromweb",
    ]
    assert [parse_qs(parts.query) for parts in targets] == [
        {"cid": [webcal]},
        {"url": [address], "name": ["Work"]},
        {"url": [address], "name": ["Work"]},
    ]
    # The page's address is a secret (rulebook H21): no other site gets a referrer.
    assert not any("referer" in request.headers for request in requests)


def test_the_reminders_switch_changes_every_address(demo: Demo, visit: Visit) -> None:
    """Also without JavaScript, for it is a link."""
    page = visit(demo.page("Work"), javascript=False)
    page.get_by_role("link", name="Without").click()
    address = demo.feeds["Work"] + "?alarms=off"
    assert page.get_by_label("Calendar URL for other apps").input_value() == address
    links = [link.get_attribute("href") for link in page.locator(".programs a").all()]
    webcal = address.replace("http://", "webcal://")
    assert (links[0], links[-1]) == (webcal, webcal)
    assert all("alarms%3Doff" in link for link in links[1:-1])
    assert b"BEGIN:VALARM" not in fetch(address)
    assert b"BEGIN:VALARM" in fetch(demo.feeds["Work"])


def test_the_download_is_the_feed(demo: Demo, visit: Visit) -> None:
    page = visit(demo.page("Work"))
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download a copy").click()
    assert waiting.value.path().read_bytes() == fetch(demo.feeds["Work"])
    assert waiting.value.suggested_filename.endswith(".ics")


@pytest.mark.parametrize("javascript", [True, False])
def test_an_event_opens_and_comes_alone(demo: Demo, visit: Visit, javascript: bool) -> None:
    """Opened with the keyboard: a page of its own, and a file with this event, named after it."""
    page = visit(demo.page("Work"), javascript=javascript)
    row = page.locator("a.row:visible").first
    title = row.locator(".name").inner_text()
    row.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/event/**")
    assert page.get_by_role("heading", level=1).inner_text() == title
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Apple, others (.ics)").click()
    assert waiting.value.suggested_filename == f"{title}.ics"
    calendar = icalendar.Calendar.from_ical(waiting.value.path().read_bytes())
    assert title in {str(event["SUMMARY"]) for event in calendar.walk("VEVENT")}
    assert len({str(event["UID"]) for event in calendar.walk("VEVENT")}) == 1
    page.locator(".crumb a").click()
    page.get_by_role("heading", name="Work", level=1).wait_for()


def test_a_search_finds_an_event_and_its_link_can_be_shared(demo: Demo, visit: Visit) -> None:
    """Without accents; the shared address names no zone and no language."""
    page = visit(demo.page("Everything") + "?lang=en", timezone_id="Asia/Tokyo", **CLIPBOARD)
    page.get_by_text("Times in Tokyo").wait_for()
    page.get_by_role("searchbox").fill("FETE")
    page.keyboard.press("Enter")
    page.get_by_text("Events with “FETE”").wait_for()
    page.get_by_text("Times in Tokyo").wait_for()
    links = [link.get_attribute("href") for link in page.locator("a[href]").all()]
    assert not [link for link in links if "zone=" in link]
    page.locator("a.row:visible").first.click()
    page.locator("button[data-copy=link]").click()
    page.get_by_text("Copied").first.wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert not urlsplit(copied).query
    assert "Fête" in visit(copied, javascript=False).get_by_role("heading", level=1).inner_text()


def test_copy_works_without_a_clipboard(demo: Demo, visit: Visit) -> None:
    """On plain http of another machine there is none, but the old command copies."""
    page = visit(demo.page("Work"), **CLIPBOARD)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.locator("button[data-copy=address]").click()
    page.get_by_text("Copied").first.wait_for()
    page.locator("#q").focus()
    page.keyboard.press("Control+V")
    assert page.locator("#q").input_value() == demo.feeds["Work"][:100]


@pytest.mark.parametrize("view", ["week", "month"])
def test_a_grid_is_walked_by_keyboard_without_javascript(
    demo: Demo, visit: Visit, view: str
) -> None:
    """To the next dates and back to today, to the list of a day, and into an event."""
    page = visit(demo.page("Everything"), javascript=False)
    page.get_by_role("link", name=view.title(), exact=True).click()
    assert page.locator(".cell.today").count() == 1
    assert page.locator(".piece.bar").count() > 0
    heading = page.locator("#events").inner_text()
    page.get_by_role("link", name=f"Next {view}").press("Enter")
    assert page.locator("#events").inner_text() != heading
    page.get_by_role("link", name="Today", exact=True).press("Enter")
    assert page.locator("#events").inner_text() == heading
    page.locator(".chip").last.press("Enter")
    page.get_by_role("heading", name="Add to calendar").wait_for()
    page.go_back()
    page.locator(".cell.today h3 a").press("Enter")
    page.get_by_text("Next events").wait_for()


def test_several_days_are_a_bar_over_their_columns(demo: Demo, visit: Visit) -> None:
    """In a column of 760 pixels; in 320 the days are one under the other, with all times."""
    page = visit(demo.page("Northwind events") + "embed?view=month", width=760, javascript=False)
    bars = [bar.bounding_box()["width"] for bar in page.locator(".piece.bar").all()]
    assert max(bars) > 2 * page.locator(".cell h3").first.bounding_box()["width"] - 10
    assert page.locator(".chip .when:visible").count() > 0
    page.set_viewport_size({"width": 320, "height": 700})
    widths = {
        round(piece.bounding_box()["width"]) for piece in page.locator(".piece:visible").all()
    }
    assert len(widths) == 1
    assert page.locator(".piece:not(.bar):visible .when:visible").count() == (
        page.locator(".piece:not(.bar):visible").count()
    )


def test_a_wrong_address_is_a_page_in_the_readers_language(demo: Demo, visit: Visit) -> None:
    page = visit(f"{demo.root}/feeds/nothing/", status=404, locale="de-DE")
    page.get_by_role("heading", name="Kalender nicht gefunden").wait_for()
    frame = visit(f"{demo.root}/feeds/nothing/embed", status=404, width=320)
    frame.get_by_role("heading", name="Calendar not found").wait_for()
    assert violations(frame) == []
    assert not scrolls_sideways(frame)


def test_the_agenda_goes_on_and_comes_back(demo: Demo, visit: Visit) -> None:
    """Page by page, without JavaScript: later events are later, and no day is on two pages."""
    page = visit(demo.page("Work"), javascript=False)
    seen: list[str] = []
    for _ in range(3):
        days = [day.get_attribute("datetime") for day in page.locator(".day h3 time").all()]
        assert days
        seen += days
        page.locator(".paging").get_by_role("link", name="Later events").click()
    assert seen == sorted(set(seen))
    page.locator(".paging").get_by_role("link", name="Earlier events").click()
    earlier = page.locator(".day h3 time").first.get_attribute("datetime")
    assert seen[0] < earlier <= seen[-1]
    page.get_by_role("link", name="Back to today").click()
    assert page.locator(".day h3 time").first.get_attribute("datetime") == seen[0]


def test_times_are_in_the_zone_of_the_browser(demo: Demo, visit: Visit) -> None:
    """A reader in Tokyo sees Tokyo's hours; the server's page for that zone has the same."""
    moved = visit(demo.page("Work"), timezone_id="Asia/Tokyo")
    moved.get_by_text("Times in Tokyo").wait_for()
    asked = visit(demo.page("Work") + "?zone=Asia/Tokyo", javascript=False)
    assert moved.locator("#agenda").inner_text() == asked.locator("#agenda").inner_text()
    still = visit(demo.page("Work"), timezone_id="Asia/Tokyo", javascript=False)
    still.get_by_text("Times in Berlin").click()
    still.get_by_label("Time zone").select_option("Asia/Tokyo")
    still.locator(".zone-choice button").click()
    still.wait_for_url("**zone=Asia**", wait_until="load")  # styles change its text
    assert (
        still.locator("#agenda .day").all_inner_texts()
        == asked.locator("#agenda .day").all_inner_texts()
    )


def test_the_page_is_german_for_a_german_browser(demo: Demo, visit: Visit) -> None:
    """By the browser's language; the switch in the footer says otherwise, and keeps saying it."""
    page = visit(demo.page("Work"), locale="de-DE")
    assert page.locator("html").get_attribute("lang") == "de-DE"
    page.get_by_role("heading", name="Abonnieren").wait_for()
    page.get_by_role("link", name="English").click()
    page.get_by_role("heading", name="Subscribe").wait_for()
    page.locator(".paging").get_by_role("link", name="Later events").click()
    page.get_by_role("heading", name="Subscribe").wait_for()


def test_the_copied_snippet_shows_the_agenda_in_a_page_of_another_origin(
    demo: Demo, visit: Visit
) -> None:
    page = visit(demo.page("Work"), **CLIPBOARD)
    page.get_by_text("Embed this calendar on your website").click()
    page.locator("button[data-copy=snippet]").click()
    page.get_by_text("Copied").first.wait_for()
    with site(host_page(page.evaluate("navigator.clipboard.readText()"))) as origin:
        outside = visit(origin)
        frame = outside.frame_locator("iframe")
        frame.get_by_role("heading", name="Work").wait_for()
        month = frame.locator("#events").inner_text()
        frame.get_by_role("link", name="Next month").click()
        frame.locator("#events", has_not_text=month).wait_for()
        frame.get_by_role("link", name="List", exact=True).click()
        with outside.expect_popup() as opened:
            frame.locator("a.row:visible").first.click()
        opened.value.get_by_role("heading", name="Add to calendar").wait_for()


def test_fullcalendar_shows_every_occurrence_at_its_hour(demo: Demo, visit: Visit) -> None:
    """FullCalendar from npm, on another origin, reads ``?flavour=web`` and the events as JSON."""
    scripts = {
        "/ical.js": package("ical.js/build/ical.min.js"),
        "/fullcalendar.js": package("fullcalendar/index.global.min.js"),
        "/icalendar.js": package("@fullcalendar/icalendar/index.global.min.js"),
    }
    feed = demo.feeds["Everything"]
    address = feed + "?flavour=web"
    shown = host_page(
        '<div id="calendar"></div><div id="plain"></div>'
        + "".join(f'<script src="{path}"></script>' for path in scripts)
        + f"""<script>
        window.calendar = new FullCalendar.Calendar(document.getElementById("calendar"), {{
          initialView: "dayGridMonth", loading: (busy) => {{ window.loaded = !busy; }},
          events: {{ url: "{address}", format: "ics" }},
        }});
        window.plain = new FullCalendar.Calendar(document.getElementById("plain"), {{
          initialView: "dayGridMonth", loading: (busy) => {{ window.plainLoaded = !busy; }},
          events: "{feed.removesuffix("ics")}json",
        }});
        calendar.render();
        plain.render();
        </script>"""
    )
    with site(shown | {path: file.read_bytes() for path, file in scripts.items()}) as origin:
        page = visit(origin)
        page.wait_for_function("window.loaded && calendar.getEvents().length")
        page.wait_for_function("window.plainLoaded && plain.getEvents().length")
        shown_events, plain_events = (
            page.evaluate(
                f"{name}.getEvents()"
                ".map(e => [e.title, e.allDay ? e.startStr : e.start.toISOString()])"
            )
            for name in ("calendar", "plain")
        )
        first, end = page.evaluate(
            "[calendar.view.activeStart.toISOString(), calendar.view.activeEnd.toISOString()]"
        )
        assert page.locator(".fc-event").count() > 0
    in_feed = icalendar.Calendar.from_ical(fetch(address)).walk("VEVENT")
    expected = [(str(event["SUMMARY"]), start_in_javascript(event)) for event in in_feed]
    # FullCalendar also keeps the events a day before and after the month on show.
    for shown_there in (shown_events, plain_events):
        assert sorted((t, s) for t, s in shown_there if first <= s < end) == sorted(
            (t, s) for t, s in expected if first <= s < end
        )


def start_in_javascript(event: icalendar.Component) -> str:
    """Return an event's start as FullCalendar does: an instant in UTC, or a day."""
    start: datetime | date = event.decoded("DTSTART")
    if isinstance(start, datetime):
        return f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    return start.isoformat()


def test_the_other_scheme_of_a_frame_is_as_readable(demo: Demo, visit: Visit) -> None:
    """``scheme=dark`` in a light browser, and the other way round."""
    for asked, browser in (("dark", "light"), ("light", "dark")):
        page = visit(demo.page("Work") + f"embed?days=3&scheme={asked}", scheme=browser)
        assert violations(page) == []
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness = sum(map(int, re.findall(r"\d+", background)[:3]))
        assert (brightness < 200) == (asked == "dark")


@pytest.mark.parametrize("width", [PHONE, COMPUTER])
def test_every_page_works_without_javascript(demo: Demo, visit: Visit, width: int) -> None:
    """Nothing is offered that needs it, and all that is offered is there."""
    page = visit(demo.page("Work"), width=width, javascript=False)
    assert page.locator("button[data-copy]:visible").count() == 0
    assert page.get_by_label("Calendar URL for other apps").input_value() == demo.feeds["Work"]
    assert page.locator(".entry").count() > 5
    page.get_by_text("Thunderbird", exact=True).click()
    page.get_by_text("every 30 minutes").wait_for()
    page.goto(demo.page("Work") + "embed?days=7")
    assert page.locator(".entry").count() > 0
