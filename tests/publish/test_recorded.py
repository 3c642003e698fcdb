"""Recorded reads of each product become exactly the feeds that were written by hand beside them."""

from dataclasses import replace
from datetime import datetime, timedelta
import json
from pathlib import Path
import re
from typing import Any

import pytest

from bridge import config
from bridge.domain import codec
from bridge.domain.feed import Feed
from bridge.domain.timezones import vtimezone, zone_by_key
from bridge.publish.publisher import publish
from bridge.refresh.diff import decide
from bridge.sources import registry
from bridge.store import Store

FOLDER = Path(__file__).parents[1] / "data" / "recorded"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def published(store: Store, name: str, folder: Path) -> bytes:
    """Parse a recorded fetch, save it as a refresh does, and return the document of its feed."""
    recorded = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    now = datetime.fromisoformat(recorded["now"])
    source = codec.decode_source(json.dumps(recorded["source"]))
    settings: dict[str, Any] = {
        key: timedelta(days=value) if key in {"past", "future"} else value
        for key, value in recorded["feed"].items()
    }
    feed = Feed(slug="recorded", sources=(source,), **settings)
    zoho = config.load({"BRIDGE_DATA_DIR": str(folder)}).zoho
    if key := recorded.get("connect_timezone"):
        zoho = replace(zoho, connect_timezone=zone_by_key(key))
    store.feeds.replace([feed], now=now)
    parsed = registry.parse(source, recorded["raw"], zoho, ())
    assert parsed.rejections == ()
    assert store.sources.claim(source.key, holder="w", now=now, term=timedelta(minutes=1))
    assert store.sources.succeed(
        source.key,
        holder="w",
        now=now,
        next_check_at=now,
        saved=decide({}, parsed, now=now).saved,
        removed=(),
        rejected=(),
        notes=(),
    )
    publish(store, feed.slug, now=now)
    document = store.publications.document(feed.slug, "default")
    assert document is not None
    return document.body


def expected(name: str) -> list[bytes]:
    """Return the lines of the document that was written by hand, with its zones put in."""
    text = (FOLDER / f"{name}.ics").read_bytes()
    return re.sub(rb"@VTIMEZONE (\S+)\r\n", lambda m: vtimezone(m[1].decode()), text).split(b"\r\n")


def unfolded(body: bytes) -> list[bytes]:
    """Return the lines of a document (RFC 5545 3.1)."""
    assert max(map(len, body.split(b"\r\n"))) <= 75
    return body.replace(b"\r\n ", b"").split(b"\r\n")


def in_one_order(line: bytes) -> bytes:
    """Sort the parts of an RRULE: their order is free (RFC 5545 3.3.10)."""
    name, _, value = line.partition(b":")
    return name + b":" + b";".join(sorted(value.split(b";"))) if name == b"RRULE" else line


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_read_becomes_the_feed_beside_it(
    name: str, store: Store, tmp_path: Path
) -> None:
    document = unfolded(published(store, name, tmp_path))
    assert list(map(in_one_order, document)) == list(map(in_one_order, expected(name)))


def test_each_product_has_at_least_two_recorded_reads() -> None:
    products = [name.partition("_")[0] for name in NAMES]
    assert all(products.count(kind) >= 2 for kind in ("backstage", "connect", "calendar"))
