"""The history of a feed: Atom feed for subscribers, admin page and command line.

Atom documents are as in RFC 4287 4.1.1, 4.1.2, 3.3 and 4.2.6, tag URIs as in RFC 4151 2.1.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
from typing import TypeAlias
from xml.etree import ElementTree as ET

from click.testing import CliRunner, Result
from flask.testing import FlaskClient
import pytest
from werkzeug.test import TestResponse

from bridge.cli import main
from bridge.feed.changelog import Change
from bridge.feed.publication import Publication
from bridge.feed.selection import Ticks
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.factories import BERLIN, event
from tests.publish.feeds import FEED, publish_all
from tests.served import web_app

ATOM = "{http://www.w3.org/2005/Atom}"
TAG = re.compile(r"tag:[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:[\w./~!$&'()*+,;=:@%?-]*")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
KEY = "k" * 40
Run: TypeAlias = Callable[..., Result]
ROOT = "https://calendars.example.org"
PASSWORD = "open sesame, please"


def client_of(store: Store, folder: Path, password: str = PASSWORD) -> FlaskClient:
    app = web_app(store, folder, BRIDGE_PUBLIC_URL=ROOT, BRIDGE_ADMIN_PASSWORD=password)
    return app.test_client()


@pytest.fixture
def recent() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)


@pytest.fixture
def changed(tmp_path: Path, recent: datetime) -> Iterator[Store]:
    """A feed with an event that moved two hours ago, and was then removed."""
    store = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", SecretKeys(KEY))
    start = (recent + timedelta(days=3)).replace(hour=10, minute=0, second=0, tzinfo=None)
    before = event("u", start=start, title="<b>Größe</b> & \x0b]]>")
    later = start.replace(hour=11, tzinfo=BERLIN)
    publish_all(store, recent, before)
    publish_all(
        store,
        recent + timedelta(minutes=1),
        replace(before, start=later, end=later + timedelta(hours=1)),
    )
    publish_all(store, recent + timedelta(minutes=2))
    yield store
    store.close()


@pytest.fixture
def client(changed: Store, tmp_path: Path) -> FlaskClient:
    return client_of(changed, tmp_path)


def address(store: Store) -> str:
    return f"{ROOT}/f/{store.links.token(store.links.of('team')[0])}/team.atom"


def ids(response: TestResponse) -> list[str | None]:
    return [element.text for element in ET.fromstring(response.data).iter(f"{ATOM}id")]


def child(parent: ET.Element, name: str) -> ET.Element:
    (element,) = parent.findall(ATOM + name)
    return element


def text(parent: ET.Element, name: str) -> str:
    return child(parent, name).text or ""


def test_it_has_all_elements_that_atom_requires(
    client: FlaskClient, changed: Store, recent: datetime
) -> None:
    response = client.get(address(changed))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(response.data)
    assert root.tag == f"{ATOM}feed"
    assert len(root.findall(f"{ATOM}author/{ATOM}name")) == 1  # for all entries, 4.1.1
    entries = root.findall(f"{ATOM}entry")
    assert [child(entry, "category").get("term") for entry in entries] == ["gone", "moved"]
    for element in (root, *entries):
        assert TAG.fullmatch(text(element, "id"))
        assert RFC3339.fullmatch(text(element, "updated"))
        assert text(element, "title")
    assert {child(entry, "content").get("type") for entry in entries} == {"text"}
    assert text(entries[1], "title") == "Moved: <b>Größe</b> & ]]>"
    assert re.fullmatch(r"Start: .*10:00, now .*11:00\nEnd: .*", text(entries[1], "content"))
    assert datetime.fromisoformat(text(root, "updated")) == recent + timedelta(minutes=2)
    assert len(set(ids(response))) == 3


def test_ids_depend_on_no_request_and_no_deleted_row(
    client: FlaskClient, changed: Store, tmp_path: Path, recent: datetime
) -> None:
    before = ids(client.get(address(changed)))
    other = client_of(changed, tmp_path)
    asked = address(changed).replace(ROOT, f"{ROOT}:8443")
    assert ids(other.get(asked, base_url=f"{ROOT}:8443")) == before
    publish_all(
        changed, recent + timedelta(minutes=3), event("new", start=recent.replace(tzinfo=None))
    )
    assert ids(client.get(address(changed)))[2:] == before[1:]


def test_a_secret_feed_has_no_address_in_it(client: FlaskClient, changed: Store) -> None:
    """Programs such as Slack post each entry, with its link, where others read it."""
    text = client.get(address(changed)).text
    assert changed.links.token(changed.links.of("team")[0]) not in text
    assert ROOT not in text


def test_a_public_feed_links_to_its_page(
    client: FlaskClient, changed: Store, recent: datetime
) -> None:
    """RFC 4287 4.1.1: a feed should name its own address."""
    publish_all(changed, recent + timedelta(minutes=3), feed=replace(FEED, public=True))
    root = ET.fromstring(client.get(f"{ROOT}/feeds/team.atom").data)
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {"self": f"{ROOT}/feeds/team.atom", "alternate": f"{ROOT}/feeds/team/"}
    for entry in root.findall(f"{ATOM}entry"):
        assert child(entry, "link").get("href") == links["alternate"]


def test_a_busy_feed_tells_no_titles(store: Store, tmp_path: Path, recent: datetime) -> None:
    feed = replace(FEED, privacy="busy")
    start = (recent + timedelta(days=3)).replace(hour=10, tzinfo=None)
    before = event("u", start=start, title="Salaries")
    publish_all(store, recent, before, feed=feed)
    later = start.replace(hour=11, tzinfo=BERLIN)
    moved = replace(before, start=later, end=later + timedelta(hours=1))
    publish_all(store, recent + timedelta(minutes=1), moved, feed=feed)
    shown = client_of(store, tmp_path).get(address(store)).text
    assert "Moved: Busy" in shown
    assert "Salaries" not in shown


def test_a_reader_with_a_current_copy_gets_304(client: FlaskClient, changed: Store) -> None:
    tag = client.get(address(changed)).headers["ETag"]
    assert client.get(address(changed), headers={"If-None-Match": tag}).status_code == 304


def test_without_the_right_token_it_is_404(client: FlaskClient, changed: Store) -> None:
    """Whether or not there is such a feed, and for a part of one: it can't tell what was removed."""
    good = address(changed)
    link = changed.links.of("team")[0]
    ticks, now = Ticks(events=("u",)), datetime.now(UTC)
    part = changed.selections.add("team", link, ticks, client="c", now=now)
    refused = [
        good.replace("/team.atom", "/nothing.atom"),
        good.replace(".atom", "x.atom"),
        f"{ROOT}/f/{'x' * 24}/team.atom",
        f"{ROOT}/f/{part}/team.atom",
        f"{ROOT}/feeds/team.atom",
        f"{ROOT}/admin/feeds/team/history.atom",
    ]
    assert [client.get(url).status_code for url in refused] == [404] * len(refused)


def test_a_revoked_address_is_gone(client: FlaskClient, changed: Store, recent: datetime) -> None:
    url = address(changed)
    changed.links.revoke("team", None, now=recent)
    assert client.get(url).status_code == 410


def test_a_feed_without_changes_has_an_empty_history(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    publish_all(store, now, event("u"))
    client = client_of(store, tmp_path)
    root = ET.fromstring(client.get(address(store)).data)
    assert root.findall(f"{ATOM}entry") == []
    assert datetime.fromisoformat(text(root, "updated")) == now


def test_the_admins_page_shows_what_changed(changed: Store, tmp_path: Path) -> None:
    client = web_app(changed, tmp_path, open_admin=True).test_client()
    shown = client.get("/admin/feeds/team/").text
    assert re.search(r"Moved</span></td>\s*<td>&lt;b&gt;Größe", shown)
    assert re.search(r"<del>[^<]*10:00[^<]*</del> <ins>[^<]*11:00[^<]*</ins>", shown)


# --- the command line


@pytest.fixture
def run(changed: Store, tmp_path: Path) -> Run:
    def run(*arguments: str) -> Result:
        environ = {
            "BRIDGE_DATA_DIR": str(tmp_path),
            "BRIDGE_SECRET_KEY": KEY,
            "BRIDGE_CONFIG": None,
        }
        url = {"BRIDGE_DATABASE_URL": f"sqlite:///{tmp_path}/bridge.sqlite3"}
        return CliRunner().invoke(
            main, ("history", *arguments), env=environ | url, prog_name="zoho-bridge"
        )

    return run


def test_the_command_shows_the_latest_change_first(run: Run) -> None:
    result = run("team")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    kinds = [line.split("UTC")[1].split()[0] for line in lines if "UTC" in line]
    assert kinds == ["gone", "moved"]
    assert any(re.fullmatch(r"  start: \S+T10:00:00\S+ -> \S+T11:00:00\S+", line) for line in lines)
    assert "\x0b" not in result.stdout


def test_the_command_gives_programs_all_of_it(run: Run, recent: datetime) -> None:
    (gone, moved) = json.loads(run("team", "--json").stdout)
    assert set(gone) == {"at", "uid", "kind", "title", "details"}
    assert (gone["kind"], moved["kind"], moved["uid"]) == ("gone", "moved", "u")
    assert datetime.fromisoformat(moved["at"]) == recent + timedelta(minutes=1)


def test_the_command_looks_back_the_given_number_of_days(run: Run, changed: Store) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=5)
    current = changed.publications.basis("team")
    older = Publication(
        revision=current.revision,
        inputs_hash=current.inputs_hash or "",
        changes=[Change(uid="x", kind="added", title="Older")],
        now=long_ago,
    )
    assert changed.publications.publish("team", older)
    assert "Older" in run("team").stdout
    assert "Older" not in run("team", "--days", "4").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nothing",), 1, 'No feed "nothing". Known feeds: team.'),
        (("team", "--days", "0"), 2, "1<=x<=30"),
        (("team", "--days", "x"), 2, "not a valid whole number"),
    ],
)
def test_a_mistake_is_a_sentence(
    run: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert message in result.stderr


def test_without_changes_the_command_shows_a_sentence(
    run: Run, changed: Store, now: datetime
) -> None:
    changed.feeds.replace([replace(FEED, slug="quiet")], now=now)
    result = run("quiet", "--days", "1")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == 'Nothing changed in feed "quiet" in the last 1 day.\n'
