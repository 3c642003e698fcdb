"""Configuration profiles of feeds: Apple's payload, stable, and signed if a certificate is set."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
import plistlib
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
import pytest

from bridge import config
from bridge.domain.feed import Feed
from bridge.errors import ConfigError
from bridge.store import Store
from tests.served import NOW, publish, web_app

ROOT = "https://calendars.example.org"


@pytest.fixture
def token(store: Store) -> str:
    """The token of a published feed."""
    store.feeds.replace([Feed(slug="team", title="Team & friends", sources=())], now=NOW)
    store.links.ensure("team", now=NOW)
    publish(store, "team", b"bytes")
    return store.links.token(store.links.of("team")[0])


def certificate() -> bytes:
    """Return a private key and a certificate in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now - timedelta(days=1))
    signed = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + signed.public_bytes(pem)


def test_a_profile_subscribes_to_the_feed(store: Store, tmp_path: Path, token: str) -> None:
    """The keys are those of Apple's document of the payload SubscribedCalendars."""
    client = web_app(store, tmp_path, BRIDGE_PUBLIC_URL=ROOT).test_client()
    path = f"/f/{token}/team.mobileconfig"
    response = client.get(path, base_url=ROOT)
    assert response.mimetype == "application/x-apple-aspen-config"
    profile = plistlib.loads(response.data)
    (account,) = profile["PayloadContent"]
    assert profile["PayloadType"] == "Configuration"
    assert account["PayloadType"] == "com.apple.subscribedcalendar.account"
    assert account["SubCalAccountHostName"] == f"{ROOT}/f/{token}/team.ics"
    assert account["SubCalAccountUseSSL"] is True
    assert account["SubCalAccountDescription"] == "Team & friends"
    assert account["PayloadUUID"] != profile["PayloadUUID"]
    assert client.get(path, base_url=ROOT).data == response.data


@pytest.mark.parametrize("path", ["/feeds/team.mobileconfig", "/f/x/team.mobileconfig"])
def test_no_profile_without_the_secret(store: Store, tmp_path: Path, token: str, path: str) -> None:
    assert web_app(store, tmp_path).test_client().get(path).status_code == 404


def test_a_signed_profile_is_verified_by_openssl(store: Store, tmp_path: Path, token: str) -> None:
    pem = certificate()
    app = web_app(store, tmp_path, BRIDGE_PROFILE_CERTIFICATE=pem.decode())
    (tmp_path / "pem").write_bytes(pem)
    signed = tmp_path / "profile"
    signed.write_bytes(app.test_client().get(f"/f/{token}/team.mobileconfig").data)
    command = ["openssl", "smime", "-verify", "-inform", "DER", "-in", str(signed)]
    command += ["-CAfile", str(tmp_path / "pem"), "-purpose", "any"]
    content = subprocess.run(command, check=True, capture_output=True).stdout
    assert plistlib.loads(content)["PayloadDisplayName"] == "Team & friends"


def test_a_file_without_a_key_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match="needs a private key and a certificate") as error:
        config.load({"BRIDGE_PROFILE_CERTIFICATE": "-----BEGIN CERTIFICATE-----"})
    assert "BEGIN" not in str(error.value)
