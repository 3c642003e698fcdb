"""The command ``restore``: a bridge from a backup, on either kind of database."""

import os
from pathlib import Path

import click

from bridge import config
from bridge.cli.backup import ask_passphrase
from bridge.config.table import CONFIG
from bridge.config.write import replace_file
from bridge.store import Store
from bridge.store.backup import Backup, BackupError, Header
from bridge.store.crypto import KEY_FILE, load_secret_keys, write_key

_KEY = "BRIDGE_SECRET_KEY"


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Restore a backup into an empty bridge.

    It may use SQLite or PostgreSQL. All addresses work again, and no event changes. If anything is
    wrong, nothing is restored.

    \b
    Examples:
      BRIDGE_DATA_DIR=/srv/new zoho-bridge restore bridge.backup
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with file.open("rb") as stream:
        # PostgreSQL needs a key in the settings. That of the backup is known a moment later.
        passphrase = ask_passphrase(config.load(_environ(key="-" * 32)))
        backup = Backup(stream, passphrase)
        key = backup.header.key
        settings = config.load(_environ(key=key))
        if settings.secret_key.reveal() != key:
            remedy = f"Unset it: restore writes that key to {settings.data_dir / KEY_FILE}."
            raise BackupError(f"{_KEY} is another key than the backup's. {remedy}")
        store = Store.configured(settings, load_secret_keys(key, settings.data_dir))
        try:
            count = backup.restore(store.database, lambda: _write_files(backup.header, settings))
        finally:
            store.close()
    click.echo(f"{count} rows are restored. Start the bridge with `zoho-bridge serve`.")
    time = backup.header.made_at
    age = f"is of {time:%Y-%m-%d %H:%M} UTC" if time else "has no time"
    remedy = "end them with `zoho-bridge links revoke`."
    click.echo(f"The backup {age}, and links that were revoked since then work again: {remedy}")
    if _writes_key() and not settings.database_url.startswith("sqlite"):
        click.echo(f"Set {_KEY}_FILE={settings.data_dir / KEY_FILE} for every process.")


def _environ(*, key: str) -> dict[str, str]:
    """Return the environment with a secret key, without a bridge.toml that is yet to come."""
    environ = dict(os.environ)
    if not Path(environ.get(CONFIG, "")).exists():
        environ.pop(CONFIG, None)
    return environ | ({_KEY: key} if _writes_key() else {})


def _writes_key() -> bool:
    return not os.environ.get(_KEY) and not os.environ.get(f"{_KEY}_FILE")


def _write_files(header: Header, settings: config.Settings) -> None:
    path = Path(os.environ.get(CONFIG) or "bridge.toml")
    try:
        if _writes_key():
            settings.data_dir.mkdir(0o700, parents=True, exist_ok=True)
            write_key(header.key, settings.data_dir)
    except OSError as error:
        problem = f'"{error.filename}" can\'t be written ({error.strerror})'
        raise BackupError(f"{problem}: nothing is restored.") from error
    if header.toml is not None and not path.exists():
        replace_file(path, header.toml)
