"""Bridges of the tests of backups: a data folder, a database and a configuration each."""

from collections.abc import Callable
import json
from pathlib import Path

from click.testing import Result

from tests.command_line import CommandLine

PASSPHRASE = "correct horse battery"

Databases = Callable[[str], str]


class Place:
    """One bridge: a data folder, a database, a configuration."""

    def __init__(self, line: CommandLine, folder: Path, url: str = "") -> None:
        self.line, self.folder = line, folder
        self.config, self.key = folder / "bridge.toml", folder / "secret.key"
        self.environ = {
            "BRIDGE_DATA_DIR": str(folder),
            "BRIDGE_CONFIG": str(self.config),
            "BRIDGE_DATABASE_URL": url,
            "BRIDGE_BACKUP_PASSPHRASE": PASSPHRASE,
        }
        folder.mkdir()

    def __call__(self, *arguments: str, code: int = 0, **environ: str) -> Result:
        result = self.line(*arguments, **self.environ | environ)
        assert result.exit_code == code, result.stderr
        return result

    def state(self) -> dict[str, tuple[bytes, str]]:
        """Return bytes and address of every feed."""
        rows = json.loads(self("feeds", "--json").stdout)
        return {row["slug"]: (self("export", row["slug"]).stdout_bytes, row["url"]) for row in rows}


def published(place: Place) -> Place:
    place.config.write_text(place.line.toml.read_text())
    place("refresh")
    place("links", "rotate", "group")
    return place
