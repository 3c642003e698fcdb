"""Backup: the rows of the database, the secret key and ``bridge.toml`` in one encrypted file.

A file is a line with the format, a salt, and frames: the length in four bytes, then MessagePack,
compressed and encrypted with AES-256-GCM. The key comes from a passphrase by scrypt. The last frame
is marked, so that a cut file is found. What expires or can be read again is left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
import secrets
from typing import Any, BinaryIO
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import msgpack
import sqlalchemy as sa

from bridge.errors import BridgeError
from bridge.store.database import AT_ONCE, Database
from bridge.store.schema import SCHEMA_VERSION, metadata

_FORMAT = b"zoho-bridge backup 1\n"
_SALT_BYTES = 16
_LENGTH_BYTES = 4
_LAST, _MORE = b"last", b"more"
_TEMPORARY = {
    "meta",
    "access_tokens",
    "admin_clients",
    "details",
    "paces",
    "read_parts",
    "sessions",
    "sign_ins",
    "token_requests",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a backup holds beside rows. ``key``: as in ``secret.key``. ``toml``: None without it.

    ``made_at`` is None in a backup of version 0.1.0.
    """

    version: str
    key: str
    toml: str | None
    schema: int = SCHEMA_VERSION
    made_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Header(version={self.version!r}, schema={self.schema})"


class BackupError(BridgeError):
    """A file that can't be restored here, or a bridge that is not empty. Nothing has changed."""


def write_backup(file: BinaryIO, passphrase: str, database: Database, header: Header) -> int:
    """Write all rows as of one moment; return their number. Processes may go on meanwhile."""
    salt = secrets.token_bytes(_SALT_BYTES)
    file.write(_FORMAT + salt)
    cipher = _Cipher(passphrase, salt)
    file.write(cipher.seal(header))
    count = 0
    with database.read() as connection:
        for table in _tables():
            for batch in connection.execute(sa.select(table)).yield_per(AT_ONCE).partitions():
                rows = [tuple(row) for row in batch]
                names = [str(name) for name in table.c.keys()]  # noqa: SIM118
                file.write(cipher.seal((str(table.name), names, rows)))
                count += len(rows)
    file.write(cipher.seal(count, _LAST))
    return count


class Backup:
    """A backup file that is open for reading; raises BackupError if it is none of this version."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        start = file.read(len(_FORMAT))
        if start != _FORMAT:
            reason = "it has the format of another version of the bridge, or is no backup"
            raise BackupError(f"The file can't be restored: {reason}.")
        cipher = _Cipher(passphrase, _read(file, _SALT_BYTES))
        self._frames = cipher.frames(file)
        first: Any = next(self._frames, None)
        if not isinstance(first, dict):
            raise BackupError(_CUT)
        self.header = Header(**first)
        if self.header.schema != SCHEMA_VERSION:
            raise BackupError(
                f"The backup has schema {self.header.schema}, this version needs {SCHEMA_VERSION}: "
                f"restore it with version {self.header.version} of the bridge, then update."
            )

    def restore(self, database: Database, write_files: Callable[[], None]) -> int:
        """Insert all rows into an empty database and write the files, or nothing.

        Return the number of rows.
        """
        with database.write() as connection:
            for table in _tables():
                if connection.execute(sa.select(sa.literal(1)).select_from(table)).first():
                    remedy = "restore into a new BRIDGE_DATA_DIR or database."
                    raise BackupError(f"This bridge is not empty: {remedy}")
            count = 0
            for frame in self._frames:
                if isinstance(frame, int):
                    break
                name, names, rows = frame
                table = metadata.tables[name]
                dates = [n for n in names if isinstance(table.c[n].type, sa.Date)]
                records = [dict(zip(names, row, strict=True)) for row in rows]
                for record in records:
                    record |= {n: date.fromisoformat(record[n]) for n in dates if record[n]}
                connection.execute(sa.insert(table), records)
                count += len(records)
            if connection.dialect.name == "postgresql":
                _advance_ids(connection)
            write_files()
        return count


def _tables() -> list[sa.Table]:
    """Return the tables of a backup, each after those that it refers to."""
    return [table for name, table in metadata.tables.items() if name not in _TEMPORARY]


def _advance_ids(connection: sa.Connection) -> None:
    """Continue PostgreSQL's numbers after the restored rows."""
    ids = metadata.tables["changes"].c.id
    sequence = sa.func.pg_get_serial_sequence("changes", "id")
    following = sa.select(sa.func.coalesce(sa.func.max(ids), 0) + 1).scalar_subquery()
    connection.execute(sa.select(sa.func.setval(sequence, following, False)))


_CUT = "The file can't be restored: its end is missing. Copy it again, or use another backup."
_SEALED = "The passphrase is wrong, or the file is damaged. Try again, or use another backup."


class _Cipher:
    """Encryption of frames, whose order and end can't be changed unseen."""

    def __init__(self, passphrase: str, salt: bytes) -> None:
        key = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
        self._aead = AESGCM(key)
        self._number = 0

    def seal(self, value: object, mark: bytes = _MORE) -> bytes:
        data = zlib.compress(msgpack.encode(value))
        sealed = self._aead.encrypt(self._nonce(), data, mark)
        return len(sealed).to_bytes(_LENGTH_BYTES) + sealed

    def frames(self, file: BinaryIO) -> Iterator[Any]:
        """Yield the values of all frames; raise BackupError before the end of a cut file."""
        mark = _MORE
        while mark == _MORE:
            sealed = _read(file, int.from_bytes(_read(file, _LENGTH_BYTES)))
            nonce = self._nonce()
            try:
                data = self._aead.decrypt(nonce, sealed, _MORE)
            except InvalidTag:
                try:
                    data = self._aead.decrypt(nonce, sealed, mark := _LAST)
                except InvalidTag:
                    raise BackupError(_SEALED) from None
            yield msgpack.decode(zlib.decompress(data))

    def _nonce(self) -> bytes:
        self._number += 1
        return self._number.to_bytes(12)


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise BackupError(_CUT)
    return data
