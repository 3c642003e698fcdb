"""Looks settings up, one by one, where people put them; keeps every problem and where each value came from.

The environment wins over ``bridge.toml``; an empty value is as none. It knows the places, not the meanings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
import tomllib
from typing import Any, TypeVar
import unicodedata

from bridge.config.names import SETTINGS, Setting
from bridge.config.urls import masked

T = TypeVar("T")

ENVIRONMENT = "environment"
_LONGEST_SHOWN = 60
_NOT_SHOWN = {
    "Cc",
    "Cf",
    "Cn",
    "Cs",
    "Zl",
    "Zp",
}  # what breaks a line, can't be printed or can't be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    value: object
    label: str  # what the person called it
    origin: str


class Reader:
    """One reading of all places; ``problems``, ``failed`` (names of settings) and ``origins`` fill as it goes on."""

    def __init__(self, environ: Mapping[str, str], config_path: Path | None) -> None:
        self._environ = environ
        self.problems: list[str] = []
        self.failed: set[str] = set()
        self.origins: dict[str, str] = {}
        self.config_path = self._find(config_path)
        self.document: dict[str, Any] = self._parse(self.config_path) if self.config_path else {}

    @property
    def config_name(self) -> str:
        """What to call the configuration file as an origin."""
        return self.config_path.name if self.config_path else "bridge.toml"

    def read(
        self,
        name: str,
        check: Callable[[object], T],
        default: T,
        *,
        from_text: Callable[[object], T] | None = None,
    ) -> T:
        """Give the checked value, or ``default`` when there is none or a wrong one, which becomes a problem.

        ``from_text`` is the check for the environment, where everything is text.
        """
        setting = SETTINGS[name]
        given = self._look(setting)
        if given is None:
            return default
        chosen = from_text if from_text is not None and given.origin == ENVIRONMENT else check
        try:
            value = chosen(given.value)
        except ValueError as error:
            said = "" if setting.secret else f" = {shown(given.value)}"
            self._fail(setting, f"{given.label}{said}: {error}")
            return default
        self.origins[name] = given.origin
        return value

    def table(self, name: str) -> dict[str, Any]:
        """Give a table of the document; empty when there is none or it is something else, which is a problem."""
        table = self.document.get(name, {})
        if isinstance(table, dict):
            return table
        message = f"{name} = {shown(table)}: write it as a table, [{name}], with its keys below."
        if message not in self.problems:
            self.problems.append(message)
        return {}

    def _look(self, setting: Setting) -> _Given | None:
        text = self._environ.get(setting.name, "")
        path = self._environ.get(f"{setting.name}_FILE", "") if setting.file else ""
        if text and path:
            self._fail(
                setting, f"{setting.name} and {setting.name}_FILE are both set: remove one of them."
            )
            return None
        if path:
            return self._look_into(path, setting)
        if text.strip():
            return _Given(
                value=text if setting.secret else text.strip(),
                label=setting.name,
                origin=ENVIRONMENT,
            )
        value = self.table(setting.table).get(setting.key, "") if setting.toml else ""
        if value == "":
            return None
        return _Given(
            value=value, label=f"[{setting.table}] {setting.key}", origin=self.config_name
        )

    def _look_into(self, path: str, setting: Setting) -> _Given | None:
        where = f"{setting.name}_FILE = {shown(path)}"
        try:
            text = Path(path).read_bytes().decode()
        except UnicodeDecodeError:
            self._fail(
                setting, f"{where}: the file is not UTF-8 text: write the value alone into it."
            )
            return None
        except (OSError, ValueError) as error:  # ValueError: a path that no file can have
            self._fail(
                setting,
                f"{where}: the file can't be read ({_reason(error)}): correct the path or its rights.",
            )
            return None
        text = text.removesuffix("\n").removesuffix("\r")
        if not text.strip():
            self._fail(setting, f"{where}: the file is empty: write the value into it.")
            return None
        return _Given(
            value=text, label=f"{setting.name} (from the file {shown(path)})", origin=f"file {path}"
        )

    def _fail(self, setting: Setting, problem: str) -> None:
        self.failed.add(setting.name)
        self.problems.append(problem)

    def _find(self, asked: Path | None) -> Path | None:
        name = self._environ.get("BRIDGE_CONFIG", "").strip()
        if asked is not None:
            return asked.absolute()
        if name:
            self.origins["BRIDGE_CONFIG"] = ENVIRONMENT
            return Path(name).absolute()
        default = Path("bridge.toml")
        return default.absolute() if default.exists() else None

    def _parse(self, path: Path) -> dict[str, Any]:
        where = "BRIDGE_CONFIG" if "BRIDGE_CONFIG" in self.origins else "The configuration file"
        try:
            text = path.read_bytes().decode("utf-8-sig")  # Windows editors write a byte order mark
        except UnicodeDecodeError:
            self.problems.append(f"{path} is not UTF-8: save it in that encoding.")
            return {}
        except (OSError, ValueError) as error:  # ValueError: a path that no file can have
            self.problems.append(
                f'{where} = "{path}": it can\'t be read ({_reason(error)}): correct the path or its rights.'
            )
            return {}
        try:
            return tomllib.loads(text)
        except (
            ValueError,
            RecursionError,
        ) as error:  # ValueError: also a number of too many digits
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            reason = reason.replace(
                "at end of document", f"at the end, line {text.count(chr(10)) + 1}"
            )
            self.problems.append(f"{path} is not valid TOML: {reason}; correct it there.")
            return {}


def shown(value: object) -> str:
    """Write a wrong value into a message: short, in one line, without what an address may hide."""
    if isinstance(value, str):
        text = "".join(
            "?" if unicodedata.category(char) in _NOT_SHOWN else char for char in masked(value)
        )
        return f'"{text[:_LONGEST_SHOWN]}…"' if len(text) > _LONGEST_SHOWN else f'"{text}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if (
        isinstance(value, int) and abs(value) >= 10**18
    ):  # str() refuses numbers of some thousand digits
        return "(a huge number)"
    if isinstance(value, list):
        return "[…]"
    if isinstance(value, dict):
        return "{…}"
    return str(value)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "not a path"
