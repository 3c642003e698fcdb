"""The table of logins: one for each client, the secrets encrypted."""

from datetime import UTC, datetime, timedelta

from bridge.config import Login, Secret
from bridge.store import Store
from bridge.store.crypto import SecretKeys

SECRET = "s3cret-of-the-client"
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def login(
    client_id: str = "1000.A", created_at: datetime = NOW, refresh_token: str = "1000.r"
) -> Login:
    return Login(
        client_id=client_id,
        client_secret=Secret(SECRET),
        refresh_token=Secret(refresh_token),
        data_center="eu",
        scopes=("a.READ", "b.READ"),
        created_at=created_at,
    )


def test_a_stored_login_is_read_back_unchanged(any_store: Store) -> None:
    assert any_store.logins.of("") is None
    any_store.logins.keep(login())
    assert any_store.logins.of("1000.A") == any_store.logins.of("") == login()
    assert any_store.logins.of("1000.B") is None


def test_each_client_has_one_login_and_the_latest_is_used_without_a_client(
    any_store: Store,
) -> None:
    any_store.logins.keep(login("1000.B", NOW + timedelta(hours=1)))
    any_store.logins.keep(login("1000.A", NOW))
    latest = any_store.logins.of("")
    assert latest is not None
    assert latest.client_id == "1000.B"
    newer = login("1000.A", NOW + timedelta(days=1), "1000.new")
    any_store.logins.keep(newer)
    assert any_store.logins.of("") == any_store.logins.of("1000.A") == newer


def test_with_another_key_a_login_is_found_and_cannot_be_read(
    any_store: Store, database_url: str
) -> None:
    any_store.logins.keep(login())
    other = Store.open(database_url, SecretKeys("another key, which is as long as it has to be"))
    found = other.logins.of("1000.A")
    other.close()
    assert found is not None
    assert (found.client_id, found.readable, found.refresh_token) == ("1000.A", False, Secret())


def test_a_login_hides_its_secrets() -> None:
    assert SECRET not in repr(login())
    assert "1000.r" not in repr(login())
