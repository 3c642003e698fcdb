"""Adds feeds to ``bridge.toml`` and leaves what a person wrote there as it is, byte for byte.

Only text goes in and out, but for the one function that replaces the file.
"""

import codecs
from collections.abc import Mapping, Sequence
import contextlib
from dataclasses import MISSING, fields
import os
from pathlib import Path
import secrets
import tomllib
from typing import Any
import unicodedata

import tomlkit

from bridge.config.show import ids, inline, plain_value
from bridge.domain.feed import Feed
from bridge.errors import BridgeError

_TITLE_LENGTH = 255
_NOT_IN_A_TITLE = {"Cc", "Cs", "Zl", "Zp"}


def with_feeds(text: str, feeds: Sequence[Feed], names: Mapping[str, str]) -> str:
    """Give ``text``, which is valid TOML, with a ``[[feed]]`` more for each feed, of what differs from the defaults.

    ``names`` are Zoho's names by a source's key, for comments. Raises BridgeError when the text can't be added to
    without a change of what it says.
    """
    if not feeds:
        return text
    before = tomllib.loads(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(tomlkit.parse(text).get("feed"), tomlkit.items.Array):
        added = _to_array(text, feeds)
    else:
        blocks = "\n".join(_block(feed, names) for feed in feeds).replace("\n", newline)
        gap = newline * ((bool(text) and not text.endswith("\n")) + bool(text.strip()))
        added = text + gap + blocks
    expected = {**before, "feed": [*before.get("feed", []), *map(_values, feeds)]}
    if tomllib.loads(added) != expected:
        raise BridgeError(
            "bridge.toml can't be added to: paste the lines of `zoho-bridge discover` there."
        )
    return added


def fit_title(text: str) -> str:
    """Give a name from Zoho as a title can be: on one line, and not too long."""
    signs = (" " if unicodedata.category(sign) in _NOT_IN_A_TITLE else sign for sign in text)
    return " ".join("".join(signs).split())[:_TITLE_LENGTH].strip()


def replace_file(path: Path, text: str) -> None:
    """Put ``text`` into the file, all or nothing; it keeps its mode and, where that is allowed, its owner.

    Raises BridgeError when that can't be done; the file is then as it was.
    """
    target = path.resolve()  # a link stays a link
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            mark = b""
            if target.exists():
                mark = codecs.BOM_UTF8 if target.read_bytes().startswith(codecs.BOM_UTF8) else b""
                was = target.stat()
                with contextlib.suppress(PermissionError):
                    os.chown(file.fileno(), was.st_uid, was.st_gid)
                os.fchmod(file.fileno(), was.st_mode & 0o7777)
            file.write(mark + text.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        raise BridgeError(
            f"{path} can't be written ({error.strerror}): correct its rights, or paste the lines of "
            "`zoho-bridge discover` there."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _values(feed: Feed) -> dict[str, Any]:
    """Give a feed as TOML has it: slug, title, what differs from the defaults, and the sources."""
    values: dict[str, Any] = {"slug": feed.slug, "title": feed.title}
    for field in fields(Feed):
        value = getattr(feed, field.name)
        if field.default is not MISSING and value != field.default:
            values[field.name] = plain_value(value)
    return values | {"sources": [ids(source) for source in feed.sources]}


def _block(feed: Feed, names: Mapping[str, str]) -> str:
    table = tomlkit.table()
    for key, value in _values(feed).items():
        table.add(key, tomlkit.array() if key == "sources" else value)
    for source in feed.sources:
        value = tomlkit.parse(f"source = {inline(source)}")["source"]
        table["sources"].add_line(
            value, indent="  ", comment=fit_title(names.get(source.key, "")) or None
        )
    table["sources"].add_line(indent="")
    tables = tomlkit.aot()
    tables.append(table)
    return tomlkit.dumps({"feed": tables})


def _to_array(text: str, feeds: Sequence[Feed]) -> str:
    """Add to ``feed = [ … ]``, a form that TOML allows as well."""
    document = tomlkit.parse(text)
    for feed in feeds:
        document["feed"].append(_inline(_values(feed)))
    return tomlkit.dumps(document)


def _inline(values: Mapping[str, Any]) -> tomlkit.items.InlineTable:
    table = tomlkit.inline_table()
    for key, value in values.items():
        inner = value
        if isinstance(value, list):
            inner = tomlkit.array()
            for one in value:
                inner.append(_inline(one) if isinstance(one, dict) else one)
        table.append(key, inner)
    return table
