"""The secret addresses of feeds: given out, shown again, rotated, revoked; in the store and by the command."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
import pytest

from bridge import config
from bridge.cli.links import links as command
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.errors import BridgeError
from bridge.store import Store
from bridge.store.crypto import SecretKeys, load_secret_keys
from bridge.store.links import LinkError

SOURCE = CalendarSource(calendar="c")
KEY, OTHER = (
    "first secret key that is as long as has to be",
    "other secret key that is as long as has to be",
)
HOUR = timedelta(hours=1)


@pytest.fixture
def links(any_store: Store, now: datetime) -> Any:
    """The links of a store with two feeds, each of which has its first link."""
    any_store.feeds.replace(
        [Feed(slug=slug, title=slug, sources=(SOURCE,)) for slug in ("team", "other")], now=now
    )
    for slug in ("team", "other"):
        any_store.links.ensure(slug, now=now)
    return any_store.links


def opening(links: Any, slug: str, now: datetime) -> Any:
    return {(link.label, link.generation) for link in links.of(slug) if link.opens(now)}


def test_a_link_is_added_and_found_by_its_token(links: Any, now: datetime) -> None:
    link = links.add("team", "  Outlook of\tsales ", now=now)
    assert (link.label, link.generation, link.ends_at, link.used_at, link.active) == (
        "Outlook of sales",
        1,
        None,
        None,
        True,
    )
    token = links.token(link)
    assert len(token) * 6 >= 144
    assert links.find(token) == link
    assert token != links.token(links.of("team")[0])
    assert opening(links, "team", now) == {("default", 1), ("Outlook of sales", 1)}
    assert opening(links, "other", now) == {("default", 1)}


@pytest.mark.parametrize("label", ["", "  ", "a\0b", "x" * 81, "\ud800", "a\x1bb"])
def test_a_label_is_one_line(links: Any, now: datetime, label: Any) -> None:
    with pytest.raises(LinkError, match="label is one line"):
        links.add("team", label, now=now)


def test_a_label_that_is_in_use_is_refused_with_the_remedy(links: Any, now: datetime) -> None:
    with pytest.raises(LinkError, match=r'"team" has a link "default" already.*rotate'):
        links.add("team", "default", now=now)


@pytest.mark.parametrize("act", ["add", "rotate", "revoke"])
def test_a_feed_that_there_is_not_has_no_links(links: Any, now: datetime, act: Any) -> None:
    with pytest.raises(LinkError, match='no feed "nothing"'):
        getattr(links, act)("nothing", "x", now=now)


def test_rotation_ends_the_old_address_at_once_by_default(links: Any, now: datetime) -> None:
    old = links.of("team")[0]
    new = links.rotate("team", "default", now=now)
    assert (new.label, new.generation) == ("default", 2)
    assert links.token(new) != links.token(old)
    assert links.find(links.token(new)).opens(now)
    assert not links.find(links.token(old)).opens(now)
    assert links.of("team")[0] == new


def test_rotation_may_leave_the_old_address_on_for_a_while(links: Any, now: datetime) -> None:
    old = links.of("team")[0]
    links.rotate("team", "default", now=now, grace=timedelta(days=7))
    ended = links.find(links.token(old))
    assert ended.opens(now + timedelta(days=7, microseconds=-1))
    assert not ended.opens(now + timedelta(days=7))


def test_a_later_rotation_never_lengthens_a_grace_period(links: Any, now: datetime) -> None:
    old = links.of("team")[0]
    links.rotate("team", "default", now=now, grace=HOUR)
    links.rotate("team", "default", now=now, grace=timedelta(days=7))
    assert links.find(links.token(old)).ends_at == now + HOUR
    links.rotate("team", "default", now=now)
    assert links.find(links.token(old)).ends_at == now


def test_one_link_is_revoked_with_all_its_addresses_and_no_other(links: Any, now: datetime) -> None:
    sales = links.add("team", "sales", now=now)
    links.rotate("team", "default", now=now, grace=HOUR)
    assert links.revoke("team", "default", now=now) == 2
    assert opening(links, "team", now) == {("sales", 1)}
    assert links.of("team")[0] == sales
    assert opening(links, "other", now) == {("default", 1)}


def test_all_links_of_a_feed_are_revoked_at_once(links: Any, now: datetime) -> None:
    links.add("team", "sales", now=now)
    assert links.revoke("team", None, now=now) == 2
    assert opening(links, "team", now) == set()
    assert opening(links, "other", now) == {("default", 1)}
    links.ensure(
        "team", now=now
    )  # what a restart does: it must not give a revoked feed an address again
    assert opening(links, "team", now) == set()


def test_a_revoked_token_is_never_given_out_again(links: Any, now: datetime) -> None:
    token = links.token(links.of("team")[0])
    links.revoke("team", None, now=now)
    again = links.add("team", "default", now=now)
    assert again.generation == 2
    assert links.token(again) != token
    assert not links.find(token).opens(now)


@pytest.mark.parametrize("act", ["rotate", "revoke"])
def test_a_link_that_is_not_there_is_told_with_the_remedy(
    links: Any, now: datetime, act: Any
) -> None:
    links.add("team", "sales", now=now)
    links.revoke("team", "sales", now=now)
    for label in ("sales", "nothing"):
        with pytest.raises(LinkError, match=f'no link "{label}" that still works.*links list team'):
            getattr(links, act)("team", label, now=now)


def test_the_last_use_is_remembered_and_only_moves_forward(links: Any, now: datetime) -> None:
    first, other = links.of("team")[0], links.of("other")[0]
    links.record_use({first.token_hash: now + HOUR, "0" * 64: now})
    links.record_use({first.token_hash: now, other.token_hash: now})
    assert links.of("team")[0].used_at == now + HOUR
    assert links.of("other")[0].used_at == now


def test_a_second_rotation_without_grace_ends_the_first_ones_grace(
    links: Any, now: datetime
) -> None:
    old = links.of("team")[0]
    links.rotate("team", "default", now=now, grace=HOUR)
    links.rotate("team", "default", now=now)
    assert opening(links, "team", now) == {("default", 3)}
    assert not links.find(links.token(old)).opens(now)


def test_after_a_change_of_key_old_addresses_work_and_new_ones_come_from_the_new_key(
    database_url: str, now: datetime
) -> None:
    """BRIDGE_SECRET_KEY=new,old: nothing that was handed out ends, and everything can still be shown."""
    with_old = Store.open(database_url, SecretKeys(KEY))
    with_old.feeds.replace([Feed(slug="team", title="team", sources=(SOURCE,))], now=now)
    with_old.links.ensure("team", now=now)
    token = with_old.links.token(with_old.links.of("team")[0])
    with_old.close()
    store = Store.open(database_url, SecretKeys(OTHER, KEY))
    link = store.links.find(token)
    assert link.opens(now)
    assert store.links.token(link) == token
    rotated = store.links.rotate("team", "default", now=now, grace=HOUR)
    assert store.links.token(rotated) == SecretKeys(OTHER).link_token("team", "default", 2)
    store.close()
    without_old = Store.open(database_url, SecretKeys(OTHER))
    assert without_old.links.find(token).opens(now)
    assert without_old.links.token(without_old.links.of("team")[0]) == without_old.links.token(
        rotated
    )
    with pytest.raises(LinkError, match=r"still works.*BRIDGE_SECRET_KEY.*rotate"):
        without_old.links.token(link)
    without_old.close()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Iterator[Any]:
    """``zoho-bridge links …`` on a store of its own with the feeds "team" and "other"."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "BRIDGE_DATA_DIR": str(tmp_path),
        "BRIDGE_SECRET_KEY": KEY,
        "BRIDGE_PUBLIC_URL": "https://c.example",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = config.load({"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": KEY})
    store = Store.open(settings.database_url, load_secret_keys(KEY, tmp_path))
    store.feeds.replace(
        [Feed(slug=slug, title=slug, sources=(SOURCE,)) for slug in ("team", "other")], now=now
    )
    for slug in ("team", "other"):
        store.links.ensure(slug, now=now)

    def run(*arguments: Any) -> Any:
        return CliRunner().invoke(command, list(arguments))

    run.store = store
    yield run
    store.close()


def opens(run: Any, address: Any) -> Any:
    link = run.store.links.find(address.split("/")[-2])
    return link.opens(datetime.now(UTC))


def test_the_command_adds_rotates_and_revokes(run: Any) -> None:
    address = run("add", "team", "Outlook of sales").output.strip()
    assert address.startswith("https://c.example/f/")
    assert address.endswith("/team.ics")
    rotated = run("rotate", "team", "Outlook of sales", "--grace", "7d").output.strip()
    assert rotated != address
    assert opens(run, address)
    assert opens(run, rotated)
    assert run("rotate", "team", "Outlook of sales").exit_code == 0
    assert not opens(run, rotated)
    assert not opens(run, address)  # its grace period is over, too: the label has one address now
    assert run("revoke", "team", "--all").output == "2 addresses revoked.\n"


def test_the_command_lists_labels_addresses_and_last_use(run: Any, now: datetime) -> None:
    run("add", "team", "sales")
    run("revoke", "team", "default")
    run.store.links.record_use({run.store.links.of("team")[0].token_hash: now})
    (row,) = json.loads(run("list", "team", "--json").output)
    assert row["label"] == "sales"
    assert row["used_at"] == "2026-03-10T09:30:00+00:00"
    assert (row["ends_at"], row["problem"]) == (None, None)
    assert opens(run, row["url"])
    assert row["url"] in run("list", "team").output
    assert len(json.loads(run("list", "team", "--json", "--all").output)) == 2


def test_the_label_may_be_left_out_where_there_is_one_link(run: Any) -> None:
    first = json.loads(run("list", "team", "--json").output)[0]["url"]
    assert run("rotate", "team").output.strip() != first
    assert not opens(run, first)
    assert run("revoke", "team").output == "1 address revoked.\n"
    assert (
        run("list", "team").output
        == 'No link of feed "team" works: `zoho-bridge links add team` makes one.\n'
    )
    again = run("add", "team").output.strip()
    assert opens(run, again)


def test_the_command_asks_which_link_where_there_are_several(run: Any) -> None:
    run("add", "team", "sales")
    for act in ("rotate", "revoke"):
        error = run(act, "team").exception
        assert isinstance(error, LinkError)
        assert str(error) == 'Feed "team" has several links; name one of: default, sales.'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rotate", "team", "--grace", "soon"), "write a number of days or weeks"),
        (("rotate", "team", "--grace", "400d"), '"0d" to "365d"'),
        (("revoke", "team", "default", "--all"), "not both"),
    ],
)
def test_a_wrong_command_line_is_explained_and_changes_nothing(
    run: Any, arguments: Any, message: Any
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert len(run.store.links.of("team")) == 1


@pytest.mark.parametrize("act", ["list", "add", "rotate", "revoke"])
def test_an_unknown_feed_is_told(run: Any, act: Any) -> None:
    error = run(act, "nothing").exception
    assert isinstance(error, BridgeError)
    assert 'There is no feed "nothing"' in str(error)
