"""The history of a feed for its admin: on the page, as an Atom feed (RFC 4287), and on the command line.

What must be in an Atom document comes from RFC 4287 4.1.1, 4.1.2, 3.3 and 4.2.6; tag URIs from RFC 4151 2.1.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
from typing import Any
from xml.etree import ElementTree as ET

from click.testing import CliRunner
from flask.testing import FlaskClient
import pytest

from bridge import config
from bridge.cli import main
from bridge.feed.changelog import Change
from bridge.feed.publication import Publication
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.web import create_app
from tests.factories import BERLIN, event
from tests.publish.feeds import FEED, publish_all

ATOM = "{http://www.w3.org/2005/Atom}"
TAG = re.compile(r"tag:[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:[\w./~!$&'()*+,;=:@%?-]*")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
KEY = "k" * 40
ROOT = "https://calendars.example.org"


def settings_of(tmp_path: Path, **environ: Any) -> Any:
    values = {"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": KEY, "BRIDGE_PUBLIC_URL": ROOT}
    return config.load(values | {"BRIDGE_ADMIN_PASSWORD": "open sesame, please"} | environ)


@pytest.fixture
def recent() -> Any:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)


@pytest.fixture
def changed(tmp_path: Path, recent: Any) -> Iterator[Any]:
    """A feed in which something happened an hour ago, and then something else; its start is far from any midnight."""
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
def client(changed: Any, tmp_path: Path) -> Any:
    return create_app(settings_of(tmp_path), changed).test_client()


def address(store: Store, password: str = "open sesame, please") -> str:
    return f"{ROOT}/admin/feeds/team/history.atom?token={store.changes.token('team', password=password)}"


def ids(answer: Any) -> Any:
    return [one.text for one in ET.fromstring(answer.data).iter(f"{ATOM}id")]


def test_it_is_an_atom_document_with_all_that_one_must_have(
    client: FlaskClient, changed: Any, recent: Any
) -> None:
    answer = client.get(address(changed))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(answer.data)
    assert root.tag == f"{ATOM}feed"
    assert len(root.findall(f"{ATOM}author/{ATOM}name")) == 1  # for all entries, 4.1.1
    entries = root.findall(f"{ATOM}entry")
    assert [one.find(f"{ATOM}category").get("term") for one in entries] == ["gone", "moved"]
    for one in (root, *entries):
        assert [len(one.findall(ATOM + name)) for name in ("id", "title", "updated")] == [1, 1, 1]
        assert TAG.fullmatch(one.find(f"{ATOM}id").text)
        assert RFC3339.fullmatch(one.find(f"{ATOM}updated").text)
        assert (
            len([link for link in one.findall(f"{ATOM}link") if link.get("rel") == "alternate"])
            == 1
        )
    assert all(one.find(f"{ATOM}content").get("type") == "text" for one in entries)
    assert entries[1].find(f"{ATOM}title").text == "Moved: <b>Größe</b> & ]]>"
    assert "10:00" in entries[1].find(f"{ATOM}content").text
    assert datetime.fromisoformat(root.find(f"{ATOM}updated").text) == recent + timedelta(minutes=2)
    assert len(set(ids(answer))) == 3


def test_what_is_in_it_keeps_its_id_whoever_asks_and_whatever_is_forgotten(
    client: FlaskClient, changed: Any, tmp_path: Path, recent: Any
) -> None:
    before = ids(client.get(address(changed)))
    other = create_app(settings_of(tmp_path), changed).test_client()
    asked = address(changed).replace(ROOT, "https://elsewhere.example")
    assert ids(other.get(asked, base_url="https://elsewhere.example")) == before
    publish_all(
        changed, recent + timedelta(minutes=3), event("new", start=recent.replace(tzinfo=None))
    )
    assert ids(client.get(address(changed)))[2:] == before[1:]


def test_it_tells_no_secret(client: FlaskClient, changed: Any) -> None:
    text = client.get(address(changed)).text
    assert changed.links.token(changed.links.of("team")[0]) not in text
    assert address(changed).rpartition("=")[2] not in text


def test_a_reader_that_has_it_is_told_so(client: FlaskClient, changed: Any) -> None:
    tag = client.get(address(changed)).headers["ETag"]
    assert client.get(address(changed), headers={"If-None-Match": tag}).status_code == 304


def test_nobody_else_gets_it(client: FlaskClient, changed: Any, tmp_path: Path) -> None:
    """404, and not a word of whether there is such a feed."""
    good = address(changed)
    token = good.rpartition("=")[2]
    other_feed = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", SecretKeys(KEY)).changes
    refused = [
        good.partition("?")[0],
        good + "x",
        good[:-1],
        good.replace(token, token[:-1] + ("A" if token[-1] != "A" else "B")),
        good.replace(token, "é%00"),
        good.replace(token, other_feed.token("other", password="open sesame, please")),
        good.replace("/team/", "/nothing/"),
        address(changed, password="the one before"),
    ]
    assert [client.get(one).status_code for one in refused] == [404] * len(refused)
    link = changed.links.token(changed.links.of("team")[0])
    assert client.get(good.replace(token, link)).status_code == 404


def test_it_is_closed_where_the_admin_pages_are(changed: Any, tmp_path: Path) -> None:
    closed = create_app(settings_of(tmp_path, BRIDGE_ADMIN_PASSWORD=""), changed).test_client()
    assert closed.get(address(changed, password="")).status_code == 404


def test_a_feed_in_which_nothing_happened_has_an_empty_one(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    publish_all(store, now, event("u"))
    client = create_app(settings_of(tmp_path), store).test_client()
    root = ET.fromstring(client.get(address(store)).data)
    assert root.findall(f"{ATOM}entry") == []
    assert datetime.fromisoformat(root.find(f"{ATOM}updated").text) == now


def test_the_admins_page_shows_what_changed_and_the_address(changed: Any, tmp_path: Path) -> None:
    settings = config.load({"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": KEY})
    client = create_app(settings, changed, open_admin=True).test_client()
    shown = client.get("/admin/feeds/team/").text
    assert re.search(r"Moved</span></td>\s*<td>&lt;b&gt;Größe", shown)
    assert re.search(r"<del>[^<]*10:00[^<]*</del> <ins>[^<]*11:00[^<]*</ins>", shown)
    found = re.search(r"/admin/feeds/team/history\.atom\?token=[\w-]+", shown)
    assert found is not None
    assert client.get(found[0]).status_code == 200


# --- the command line


@pytest.fixture
def run(changed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*arguments: Any) -> Any:
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


def test_the_command_tells_the_latest_first(run: Any) -> None:
    result = run("team")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    kinds = [line.split("UTC")[1].split()[0] for line in lines if "UTC" in line]
    assert kinds == ["gone", "moved"]
    assert any(re.fullmatch(r"  start: \S+T10:00:00\S+ -> \S+T11:00:00\S+", line) for line in lines)
    assert "\x0b" not in result.stdout


def test_the_command_gives_programs_all_of_it(run: Any, recent: Any) -> None:
    (gone, moved) = json.loads(run("team", "--json").stdout)
    assert set(gone) == {"at", "uid", "kind", "title", "details"}
    assert (gone["kind"], moved["kind"], moved["uid"]) == ("gone", "moved", "u")
    assert datetime.fromisoformat(moved["at"]) == recent + timedelta(minutes=1)


def test_the_command_looks_back_as_far_as_it_is_told(run: Any, changed: Any) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=5)
    current = changed.publications.current("team")
    older = Publication(
        revision=current.revision,
        inputs_hash=current.inputs_hash,
        changes=[Change(uid="x", kind="added", title="Older")],
        now=long_ago,
    )
    assert changed.publications.publish("team", older)
    assert "Older" in run("team").stdout
    assert "Older" not in run("team", "--days", "4").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing",), 1, 'No feed "nothing". Known feeds: team.'),
        (("team", "--days", "0"), 2, "1<=x<=30"),
        (("team", "--days", "x"), 2, "not a valid whole number"),
    ],
)
def test_a_mistake_is_a_sentence(run: Any, arguments: Any, code: Any, said: Any) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_nothing_is_said_to_have_changed(run: Any, changed: Any, now: datetime) -> None:
    changed.feeds.replace([replace(FEED, slug="quiet")], now=now)
    result = run("quiet", "--days", "1")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == 'Nothing changed in feed "quiet" in the last 1 day.\n'
