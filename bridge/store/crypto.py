"""Secrets derived from BRIDGE_SECRET_KEY: tokens of addresses, keys, and encryption.

The setting may hold several keys, the newest first. The first key makes new secrets. Secrets that
the other keys made stay valid.
"""

import base64
from collections.abc import Sequence
import contextlib
from functools import cached_property
import hashlib
import hmac
import os
from pathlib import Path
import secrets
from typing import TYPE_CHECKING

from bridge.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

KEY_FILE = "secret.key"
_TOKEN_BYTES = 18  # 144 bits, 24 characters


class SecretKeys:
    """The secret keys: they derive, sign and encrypt, and can't be read back."""

    def __init__(self, key: str, *older: str) -> None:
        self._keys = [text.encode() for text in (key, *older)]

    def __repr__(self) -> str:
        return "SecretKeys()"

    @cached_property
    def _fernet(self) -> "MultiFernet":
        """The cipher; a list of feeds needs none, so its library is loaded on demand."""
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - see above

        keys = [base64.urlsafe_b64encode(_derive(key, b"encryption")) for key in self._keys]
        return MultiFernet([Fernet(key) for key in keys])

    def encrypt(self, text: str) -> bytes:
        """Encrypt a text with the newest key."""
        return self._fernet.encrypt(text.encode())

    def decrypt(self, data: bytes) -> str | None:
        """Decrypt a text; return None if its key is missing."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see ``_fernet``

        try:
            return self._fernet.decrypt(data).decode()
        except InvalidToken:
            return None

    def link_token(self, slug: str, label: str, generation: int, nonce: str | None = None) -> str:
        """Return the secret part of a feed's address: 144 bits, the same each time."""
        return self.link_tokens(slug, label, generation, nonce)[0]

    def link_tokens(
        self, slug: str, label: str, generation: int, nonce: str | None = None
    ) -> Sequence[str]:
        """Return the tokens that a link has or had: one for each key, the newest first."""
        return self._tokens("link", slug, label, str(generation), *([nonce] if nonce else []))

    def hook_tokens(self, source_key: str) -> Sequence[str]:
        """Return the tokens of a source's webhook: one for each key, the newest first."""
        return self._tokens("hook", source_key)

    def _tokens(self, *parts: str) -> Sequence[str]:
        name = "\n".join(parts).encode()
        tokens = [_derive(key, name)[:_TOKEN_BYTES] for key in self._keys]
        return [base64.urlsafe_b64encode(token).decode() for token in tokens]

    def feed_salt(self, slug: str) -> str:
        """Return the first salt of a feed, the same in a rebuilt database."""
        return _derive(self._keys[0], b"salt\n" + slug.encode()).hex()

    def session_key(self, password: str) -> bytes:
        """Return the key that signs the admin's cookie; a new password ends all sessions."""
        return _derive(self._keys[0], b"session\n" + password.encode())

    def fingerprint(self, text: str) -> str:
        """Return a keyed hash, in place of a value that must not be stored (a client's address)."""
        return _derive(self._keys[0], b"fingerprint\n" + text.encode()).hex()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, purpose, hashlib.sha256).digest()


def token_hash(token: str) -> str:
    """Return the stored form of a token: a fast hash, as tokens are random and polls frequent."""
    return hashlib.sha256(token.encode()).hexdigest()


def load_secret_keys(secret_key: str, data_dir: Path) -> SecretKeys:
    """Return the configured keys, or those of the file ``secret.key`` in ``data_dir``.

    Creates the file with a random key if it does not exist. Several keys are separated by commas,
    the newest first, in the setting and in the file. Raises ConfigError.
    """
    return SecretKeys(*_split(secret_key_text(secret_key, data_dir)))


def secret_key_text(secret_key: str, data_dir: Path) -> str:
    """Return the keys as they are written: the setting, else the file, which it creates."""
    if secret_key:
        return secret_key
    path = data_dir / KEY_FILE
    try:
        data_dir.mkdir(0o700, parents=True, exist_ok=True)
        return _read_or_create(path)
    except OSError as error:
        raise ConfigError(
            f"BRIDGE_SECRET_KEY is not set, and no key can be kept in {path} ({error.strerror}): "
            "set BRIDGE_SECRET_KEY, or set BRIDGE_DATA_DIR to a folder that may be written."
        ) from error


def _split(text: str) -> list[str]:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if not keys:  # an empty key is no secret
        places = "BRIDGE_SECRET_KEY, or the file secret.key in BRIDGE_DATA_DIR"
        raise ConfigError(f"{places}, is empty: restore the key.")
    return keys


def _read_or_create(path: Path) -> str:
    """Read the key from a file, or create it.

    Two processes that start at once must use the same key: the file gets its name when it is whole.
    """
    if not path.exists():
        draft = _draft(path, secrets.token_urlsafe(48))
        try:
            with contextlib.suppress(FileExistsError):  # the key of another process counts
                os.link(draft, path)
        finally:
            draft.unlink()
    return path.read_text().strip()


def write_key(text: str, data_dir: Path) -> None:
    """Replace the file ``secret.key`` by one with these keys."""
    path = data_dir / KEY_FILE
    _draft(path, text).replace(path)


def _draft(path: Path, text: str) -> Path:
    """Return a new file beside ``path`` that only this user can read."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return draft
