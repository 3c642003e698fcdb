"""TOML as text, written without the bridge's own writer, for tests of readers."""

from datetime import date, datetime
import json


def toml(value: object) -> str:
    """Return a value as TOML in one line; a table becomes an inline table."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case bool():
            return str(value).lower()
        case dict():
            return f"{{ {', '.join(f'{toml(key)} = {toml(value[key])}' for key in value)} }}"
        case list():
            return f"[ {', '.join(map(toml, value))} ]"
        case datetime() | date():
            return value.isoformat()
    return str(value)
