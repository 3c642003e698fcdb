"""An event of Backstage with the documents' values, and an agenda in their shape, with changes."""

from copy import deepcopy
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from bridge.domain.source import BackstageSource

_DATA = Path(__file__).parents[1] / "data" / "backstage"
EVENT: dict[str, Any] = json.loads((_DATA / "event.json").read_text())
AGENDA: dict[str, Any] = json.loads((_DATA / "agenda.json").read_text())
PORTAL = BackstageSource(portal="19593237")
ONE = BackstageSource(portal="19593237", event="2000000000022")
ABSENT: Any = object()


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an object with other fields; ABSENT removes a field."""
    data = deepcopy(base) | changes
    return {key: value for key, value in data.items() if value is not ABSENT}


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**20), max_value=10**20),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "null",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "<p>x</p>",
            "\ud800",
            "trash",
            "true",
        ]
    ),
    st.lists(st.one_of(st.text(max_size=3), st.integers(), st.none()), max_size=3),
    st.dictionaries(
        st.sampled_from(["id", "name", "x"]),
        st.one_of(st.text(max_size=3), st.integers()),
        max_size=2,
    ),
)
