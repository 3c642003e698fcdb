"""Addition of ``[[feed]]`` blocks to ``bridge.toml``, which keeps what a person wrote as it is."""

from collections.abc import Mapping, Sequence
import contextlib
from dataclasses import fields
import os
from pathlib import Path
import secrets
import tomllib
from typing import Any

from bridge.config.feeds import FEED_KEYS
from bridge.config.show import feed_value, toml
from bridge.domain.feed import Feed
from bridge.domain.text import one_line
from bridge.errors import BridgeError


def feed_blocks(feeds: Sequence[Feed], names: Mapping[str, str]) -> str:
    """Return feeds as ``[[feed]]`` blocks, with the keys that differ from the defaults.

    ``names`` are Zoho's names by a source's key, for comments.
    """
    return "\n".join(_block(feed, names) for feed in feeds)


def append_feeds(text: str, feeds: Sequence[Feed], names: Mapping[str, str]) -> str:
    """Return the text of a valid ``bridge.toml`` with ``[[feed]]`` blocks at its end.

    Raise BridgeError if the text can't be extended so, as after ``feed = [ … ]``.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = newline * ((bool(text) and not text.endswith("\n")) + bool(text.strip()))
    extended = text + gap + feed_blocks(feeds, names).replace("\n", newline)
    before = _parse(text)
    expected = {**before, "feed": [*before.get("feed", []), *map(_table, feeds)]}
    with contextlib.suppress(tomllib.TOMLDecodeError):
        if _parse(extended) == expected:
            return extended
    problem = "The feeds of the file are not written as [[feed]] blocks, so nothing was changed"
    raise BridgeError(f"{problem}: rewrite them so, and add the blocks above.")


def replace_file(path: Path, text: str) -> None:
    """Replace the file's text as a whole, and keep its mode and, where allowed, its owner.

    Raise BridgeError and leave the file as it is if it can't be written.
    """
    target = path.resolve()  # a symbolic link stays one
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            if target.exists():
                before = target.stat()
                with contextlib.suppress(PermissionError):
                    os.chown(file.fileno(), before.st_uid, before.st_gid)
                os.fchmod(file.fileno(), before.st_mode & 0o7777)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        problem = f"{path} can't be written ({error.strerror})"
        raise BridgeError(f"{problem}: correct the permissions of its folder.") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _parse(text: str) -> dict[str, Any]:
    return tomllib.loads(text.removeprefix("\ufeff"))  # the mark that Windows editors write first


def _table(feed: Feed) -> dict[str, Any]:
    """Return a feed as its TOML table, with the keys that differ from the defaults."""
    defaults = {field.name: field.default for field in fields(Feed)}
    different = [key for key in FEED_KEYS if getattr(feed, key) != defaults[key]]
    return {key: feed_value(feed, key) for key in different}


def _block(feed: Feed, names: Mapping[str, str]) -> str:
    lines = ["[[feed]]"]
    table = _table(feed)
    sources = zip(feed.sources, table.pop("sources"), strict=True)
    lines += [f"{key} = {toml(value)}" for key, value in table.items()]
    lines.append("sources = [")
    for source, keys in sources:
        name = one_line(names.get(source.key, ""))
        lines.append(f"  {toml(keys)},{f' # {name}' * bool(name)}")
    return "\n".join([*lines, "]", ""])
