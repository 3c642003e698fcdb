"""The command ``backup``: all that must not be lost, in one encrypted file."""

from datetime import UTC, datetime
import os
from pathlib import Path
import secrets
import sys

import click

from bridge import __version__
from bridge.cli.context import open_bridge
from bridge.config import Settings, values
from bridge.errors import BridgeError, ConfigError
from bridge.store.backup import Header, write_backup
from bridge.store.crypto import secret_key_text
from bridge.store.database import Database

PASSPHRASE = "BRIDGE_BACKUP_PASSPHRASE"  # noqa: S105 - the name of a setting


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write all that must not be lost into one encrypted file.

    That is the database with all links, histories and the login, the secret key, and bridge.toml.
    The bridge may run meanwhile. The passphrase comes from BRIDGE_BACKUP_PASSPHRASE (or …_FILE), or
    is asked for.

    \b
    Examples:
      zoho-bridge backup bridge.backup
      BRIDGE_BACKUP_PASSPHRASE_FILE=/etc/passphrase zoho-bridge backup /srv/bridge.backup
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        settings = bridge.settings
        passphrase = ask_passphrase(settings, confirm=True)
        path = settings.config_path
        header = Header(
            version=__version__,
            key=secret_key_text(settings.secret_key.reveal(), settings.data_dir),
            toml=path.read_text("utf-8") if path else None,
            made_at=datetime.now(UTC),
        )
        try:
            count = _write(file.absolute(), passphrase, bridge.store.database, header)
        except OSError as error:
            problem = f'"{file}" can\'t be written ({error.strerror})'
            raise BridgeError(f"{problem}: choose another place.") from error
    click.echo(f"{count} rows are in {file}. Keep the passphrase in another place.")


def ask_passphrase(settings: Settings, *, confirm: bool = False) -> str:
    """Return the passphrase of the settings, or ask for it on a terminal; raise ConfigError."""
    if settings.backup_passphrase:
        return settings.backup_passphrase.reveal()
    if not sys.stdin.isatty():
        raise ConfigError(f"{PASSPHRASE} is not set: set it, or run the command in a terminal.")
    passphrase: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
    try:
        return values.password(passphrase)
    except ValueError as error:
        raise BridgeError(f"The passphrase can't be used: {error}") from error


def _write(file: Path, passphrase: str, database: Database, header: Header) -> int:
    """Write the file under another name first: a cut backup never takes an older one's place."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            count = write_backup(stream, passphrase, database, header)
            stream.flush()
            os.fsync(descriptor)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return count
