"""Links in every kind of database: secret addresses that are added, rotated and revoked."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, update

from bridge.store import Store, schema
from bridge.store.crypto import SecretKeys, token_hash
from bridge.store.links import Link, LinkError, Links
from tests.store.samples import TERM, feed

KEY = "first secret key that is as long as has to be"
OTHER = "other secret key that is as long as has to be"
HOUR = timedelta(hours=1)
CHANGES: dict[str, Callable[..., object]] = {
    "add": Links.add,
    "rotate": Links.rotate,
    "revoke": Links.revoke,
}


@pytest.fixture
def links(any_store: Store, now: datetime) -> Links:
    """The links of a store with two feeds, each of which has its first link."""
    any_store.feeds.replace([feed("team"), feed("other")], now=now)
    return any_store.links


def open_links(links: Links, slug: str, now: datetime) -> set[tuple[str, int]]:
    return {(link.label, link.generation) for link in links.of(slug) if link.opens(now)}


def find(links: Links, token: str) -> Link:
    """Return the link of a token that must have one."""
    link = links.find(token)
    assert link is not None
    return link


def test_a_feed_gets_one_first_link_whose_token_finds_it(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.links.ensure("team", now=now)
    any_store.links.ensure("team", now=now + TERM)
    (link,) = any_store.links.of("team")
    token = any_store.links.token(link)
    assert any_store.links.find(token) == link
    assert link.ends_at is None
    assert any_store.links.find(token[:-1]) is None


def test_a_link_is_added_and_found_by_its_token(links: Links, now: datetime) -> None:
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
    assert open_links(links, "team", now) == {("default", 1), ("Outlook of sales", 1)}
    assert open_links(links, "other", now) == {("default", 1)}


@pytest.mark.parametrize(
    "label", ["", "  ", "a\0b", "x" * 81, "\ud800", "a\x1bb", "a\nb", "a\r\nb", "a\u2028b"]
)
def test_a_label_is_one_line(links: Links, now: datetime, label: str) -> None:
    with pytest.raises(LinkError, match="label is one line"):
        links.add("team", label, now=now)


def test_a_label_that_is_in_use_is_refused_with_the_remedy(links: Links, now: datetime) -> None:
    with pytest.raises(LinkError, match=r'"team" has a link "default" already.*rotate'):
        links.add("team", "default", now=now)


@pytest.mark.parametrize("change", ["add", "rotate", "revoke"])
def test_the_links_of_an_unknown_feed_cant_be_changed(
    links: Links, now: datetime, change: str
) -> None:
    with pytest.raises(LinkError, match='no feed "nothing"'):
        CHANGES[change](links, "nothing", "x", now=now)


def test_rotation_ends_the_old_address_at_once_by_default(links: Links, now: datetime) -> None:
    old = links.of("team")[0]
    new = links.rotate("team", "default", now=now)
    assert (new.label, new.generation) == ("default", 2)
    assert links.token(new) != links.token(old)
    assert find(links, links.token(new)).opens(now)
    assert not find(links, links.token(old)).opens(now)
    assert links.of("team")[0] == new


def test_the_old_address_works_during_the_grace_period_of_a_rotation(
    links: Links, now: datetime
) -> None:
    old = links.of("team")[0]
    links.rotate("team", "default", now=now, grace=timedelta(days=7))
    ended = find(links, links.token(old))
    assert ended.opens(now + timedelta(days=7, microseconds=-1))
    assert not ended.opens(now + timedelta(days=7))


def test_a_later_rotation_never_lengthens_a_grace_period(links: Links, now: datetime) -> None:
    old = links.of("team")[0]
    links.rotate("team", "default", now=now, grace=HOUR)
    links.rotate("team", "default", now=now, grace=timedelta(days=7))
    assert find(links, links.token(old)).ends_at == now + HOUR
    links.rotate("team", "default", now=now)
    assert find(links, links.token(old)).ends_at == now


def test_a_link_is_revoked_with_all_its_addresses_and_no_other(links: Links, now: datetime) -> None:
    sales = links.add("team", "sales", now=now)
    links.rotate("team", "default", now=now, grace=HOUR)
    assert links.revoke("team", "default", now=now) == 2
    assert open_links(links, "team", now) == {("sales", 1)}
    assert links.of("team")[0] == sales
    assert open_links(links, "other", now) == {("default", 1)}


def test_all_links_of_a_feed_are_revoked_at_once(links: Links, now: datetime) -> None:
    links.add("team", "sales", now=now)
    assert links.revoke("team", None, now=now) == 2
    assert open_links(links, "team", now) == set()
    assert open_links(links, "other", now) == {("default", 1)}
    links.ensure("team", now=now)  # as a restart does
    assert open_links(links, "team", now) == set()


def test_a_revoked_token_is_never_used_again(links: Links, now: datetime) -> None:
    token = links.token(links.of("team")[0])
    links.revoke("team", None, now=now)
    again = links.add("team", "default", now=now)
    assert again.generation == 2
    assert links.token(again) != token
    assert not find(links, token).opens(now)


@pytest.mark.parametrize("change", ["rotate", "revoke"])
def test_an_unknown_or_revoked_link_is_an_error_with_the_remedy(
    links: Links, now: datetime, change: str
) -> None:
    links.add("team", "sales", now=now)
    links.revoke("team", "sales", now=now)
    for label in ("sales", "nothing"):
        with pytest.raises(LinkError, match=f'no link "{label}" that still works.*links list team'):
            CHANGES[change](links, "team", label, now=now)


def test_the_time_of_the_last_use_is_stored_and_only_moves_forward(
    links: Links, now: datetime
) -> None:
    first, other = links.of("team")[0], links.of("other")[0]
    links.record_use({first.token_hash: now + HOUR, "0" * 64: now})
    links.record_use({first.token_hash: now, other.token_hash: now})
    assert links.of("team")[0].used_at == now + HOUR
    assert links.of("other")[0].used_at == now


def test_a_second_rotation_without_grace_ends_the_first_ones_grace(
    links: Links, now: datetime
) -> None:
    old = links.of("team")[0]
    links.rotate("team", "default", now=now, grace=HOUR)
    links.rotate("team", "default", now=now)
    assert open_links(links, "team", now) == {("default", 3)}
    assert not find(links, links.token(old)).opens(now)


def test_after_a_change_of_key_old_addresses_work_and_new_ones_come_from_the_new_key(
    database_url: str, now: datetime
) -> None:
    """BRIDGE_SECRET_KEY=new,old: every address works and can still be shown."""
    with_old = Store.open(database_url, SecretKeys(KEY))
    with_old.feeds.replace([feed()], now=now)
    with_old.links.ensure("team", now=now)
    token = with_old.links.token(with_old.links.of("team")[0])
    with_old.close()
    store = Store.open(database_url, SecretKeys(OTHER, KEY))
    link = find(store.links, token)
    assert link.opens(now)
    assert store.links.token(link) == token
    rotated = store.links.rotate("team", "default", now=now, grace=HOUR)
    new = SecretKeys(OTHER).link_token("team", "default", 2, rotated.nonce)
    assert store.links.token(rotated) == new
    store.close()
    without_old = Store.open(database_url, SecretKeys(OTHER))
    assert find(without_old.links, token).opens(now)
    assert without_old.links.token(without_old.links.of("team")[0]) == without_old.links.token(
        rotated
    )
    with pytest.raises(LinkError, match=r"still works.*BRIDGE_SECRET_KEY.*rotate"):
        without_old.links.token(link)
    without_old.close()


def test_a_rotation_after_a_restored_backup_never_returns_to_a_revoked_token(
    any_store: Store, now: datetime
) -> None:
    """A rotation, an added link and a link added again are each derived from a random part."""
    links = any_store.links

    def made() -> set[str]:
        """Return the tokens that the same changes lead to in a new database."""
        any_store.feeds.replace([feed()], now=now)
        new = [links.rotate("team", "default", now=now), links.add("team", "boss", now=now)]
        links.revoke("team", "default", now=now)
        new.append(links.add("team", "default", now=now))
        tokens = {links.token(link) for link in new}
        assert {find(links, token).token_hash for token in tokens} == {x.token_hash for x in new}
        return tokens

    before = made()
    with any_store.database.write() as connection:  # the backup: a state before the changes
        connection.execute(delete(schema.links))
    assert len(before | made()) == 6


def test_a_link_without_a_random_part_keeps_its_token(any_store: Store, now: datetime) -> None:
    """So do the first link of a feed, in a rebuilt database too, and links of earlier versions."""
    any_store.feeds.replace([feed()], now=now)
    (first,) = any_store.links.of("team")
    assert any_store.links.token(first) == "PRZ3v6L5J26PD2gqYUVUdE59"
    any_store.links.rotate("team", "default", now=now)
    earlier = "rzuTLtA5Uxn1BHBAzZOcLRDi"
    with any_store.database.write() as connection:
        second = update(schema.links).where(schema.links.c.generation == 2)
        connection.execute(second.values(token_hash=token_hash(earlier), nonce=None))
    assert any_store.links.token(find(any_store.links, earlier)) == earlier
