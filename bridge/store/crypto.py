"""All that is derived from BRIDGE_SECRET_KEY: the tokens in feed addresses, and the encryption of Zoho's tokens.

The setting may hold several keys, the newest first: what is new is made with the first, and what the others made is
still understood.
"""

import base64
from collections.abc import Sequence
import contextlib
import hashlib
import hmac
import os
from pathlib import Path
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bridge.errors import ConfigError

SIGNATURE_LENGTH = 18  # bytes: 144 bits

_TOKEN_BYTES = 18  # 144 bits, 24 characters


class SecretKeys:
    """Derives and encrypts with secret keys; no key can be read back from it."""

    def __init__(self, key: str, *older: str) -> None:
        self._keys = [text.encode() for text in (key, *older)]
        fernets = [
            Fernet(base64.urlsafe_b64encode(_derive(each, b"encryption"))) for each in self._keys
        ]
        self._fernet = MultiFernet(fernets)

    def __repr__(self) -> str:
        return "SecretKeys()"

    def encrypt(self, text: str) -> bytes:
        """Hide ``text`` from whoever reads the database without the key."""
        return self._fernet.encrypt(text.encode())

    def decrypt(self, data: bytes) -> str | None:
        """Give back what ``encrypt`` hid; None when it was hidden under a key that is not there."""
        try:
            return self._fernet.decrypt(data).decode()
        except InvalidToken:
            return None

    def link_token(self, slug: str, label: str, generation: int) -> str:
        """Give the secret part of a feed's address: 144 bits, the same each time, useless for any other link."""
        return self.link_tokens(slug, label, generation)[0]

    def link_tokens(self, slug: str, label: str, generation: int) -> Sequence[str]:
        """Give the tokens that a link has or had: one for each key, the newest key first."""
        name = "\n".join(("link", slug, label, str(generation))).encode()
        return [
            base64.urlsafe_b64encode(_derive(key, name)[:_TOKEN_BYTES]).decode()
            for key in self._keys
        ]

    def session_key(self, password: str) -> bytes:
        """Give the key that signs the admin's cookie; with another password all cookies end."""
        return _derive(self._keys[0], b"session\n" + password.encode())

    def sign(self, purpose: str, *parts: str) -> bytes:
        """Give 144 bits that nobody without the key can make, for values that hold no line breaks."""
        return _signature(self._keys[0], purpose, parts)

    def has_signed(self, signature: bytes, purpose: str, *parts: str) -> bool:
        """Whether ``sign`` made this, with any of the keys; compared in constant time."""
        return any(
            hmac.compare_digest(signature, _signature(key, purpose, parts)) for key in self._keys
        )

    def fingerprint(self, text: str) -> str:
        """Name something without keeping it, such as a client's address."""
        return _derive(self._keys[0], b"fingerprint\n" + text.encode()).hex()


def _signature(key: bytes, purpose: str, parts: Sequence[str]) -> bytes:
    return _derive(key, "\n".join(("signature", purpose, *parts)).encode())[:SIGNATURE_LENGTH]


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, purpose, hashlib.sha256).digest()


def token_hash(token: str) -> str:
    """Name a feed token in the store: fast, because a slow hash is a way to be overloaded, and tokens are random."""
    return hashlib.sha256(token.encode()).hexdigest()


def load_secret_keys(secret_key: str, data_dir: Path) -> SecretKeys:
    """Use the configured keys, or one made on first use in ``data_dir``; raises ConfigError when it can't be kept.

    Several keys are separated by commas, the newest first, in the setting and in the file alike.
    """
    if secret_key:
        return SecretKeys(*_keys(secret_key))
    path = data_dir / "secret.key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return SecretKeys(*_keys(_kept_key(path)))
    except OSError as error:
        raise ConfigError(
            f"BRIDGE_SECRET_KEY is not set, and no key can be kept in {path} ({error.strerror}): "
            "set BRIDGE_SECRET_KEY, or let BRIDGE_DATA_DIR name a folder that may be written."
        ) from error


def _keys(text: str) -> list[str]:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if not keys:  # an empty key would be everybody's
        raise ConfigError(
            "BRIDGE_SECRET_KEY, or the file secret.key in BRIDGE_DATA_DIR, is empty: restore the key."
        )
    return keys


def _kept_key(path: Path) -> str:
    """Read the key, or make it. Two processes that start at once must agree: a link to a whole file can't be torn."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
            with contextlib.suppress(FileExistsError):  # another process was first; its key counts
                os.link(draft, path)
        finally:
            draft.unlink()
    return path.read_text().strip()
