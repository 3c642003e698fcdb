"""A document in gzip is read by every reader of RFC 1952, and only its changed blocks are joined
and compressed again.
"""

from collections.abc import Iterable
import gzip
import hashlib
from itertools import pairwise
import random
import shutil
import subprocess
from typing import Any
import zlib

import httpx
from hypothesis import given, settings, strategies as st
import pytest

from bridge.feed import gzip_blocks as compressing
from bridge.feed.gzip_blocks import GzipDocument, Key, split_blocks

Pieces = dict[Key, bytes]


def pieces(some: Iterable[bytes]) -> Pieces:
    """Return pieces by keys in their order."""
    return {(f"{number:05}", "uid"): piece for number, piece in enumerate(some)}


def random_pieces(number: int) -> list[bytes]:
    """Return pieces of a few hundred bytes each that share little, always the same."""
    dice = random.Random(7)
    return [
        f"BEGIN:VEVENT\r\nSUMMARY:{n}\r\n{dice.randbytes(200).hex()}\r\n".encode()
        for n in range(number)
    ]


HEAD, TAIL = b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n"
MANY = pieces(random_pieces(4000))  # 1.7 MB: several blocks
ANOTHER = ("02000", "another")


def plain(some: Pieces) -> bytes:
    return b"".join((HEAD, *(some[key] for key in sorted(some)), TAIL))


def compress(
    some: Pieces,
    before: Pieces | None = None,
    earlier: GzipDocument | None = None,
    *,
    fast: bool = False,
) -> GzipDocument:
    """Compress pieces, reusing the document of other pieces."""

    def between(after: Key, upto: Key | None) -> Iterable[tuple[Key, bytes]]:
        keys = (key for key in sorted(some) if after < key and (upto is None or key <= upto))
        return [(key, some[key]) for key in keys]

    if before is None or earlier is None:
        return compressing.compress(HEAD, between, TAIL, fast=fast)
    changed = [key for key in {**before, **some} if before.get(key) != some.get(key)]
    known = (earlier.gzip, earlier.blocks)
    return compressing.compress(HEAD, between, TAIL, changed=changed, earlier=known, fast=fast)


def with_zlib(data: Any) -> Any:
    """As browsers do: one member, at whose end nothing is left over."""
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    read = stream.decompress(data)
    assert stream.eof
    assert stream.unused_data == b""
    return read


def with_httpx(data: Any) -> Any:
    return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=data).content


def with_a_program(*command: Any) -> Any:
    def read(data: Any) -> Any:
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    return pytest.param(
        read, marks=pytest.mark.skipif(not shutil.which(command[0]), reason=f"needs {command[0]}")
    )


NODE = "process.stdout.write(require('zlib').gunzipSync(require('fs').readFileSync(0)))"
READERS = [
    gzip.decompress,
    with_zlib,
    with_httpx,
    with_a_program("gzip", "-dc"),
    with_a_program("node", "-e", NODE),
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("reuses", [False, True])
@pytest.mark.parametrize("fast", [False, True])
def test_every_reader_gets_the_plain_bytes(read: Any, reuses: bool, fast: bool) -> None:
    changed = MANY | {ANOTHER: b"another"}
    made = compress(changed, *((MANY, compress(MANY)) if reuses else ()), fast=fast)
    assert read(made.gzip) == plain(changed) == compressing.decompress(made.gzip)
    assert made.sha256 == hashlib.sha256(plain(changed)).hexdigest()


def test_a_document_is_decompressed_block_by_block_without_its_tail() -> None:
    made = compress(MANY)
    head, *blocks = compressing.decompress_blocks(made.gzip, made.blocks)
    assert head == HEAD
    assert len(blocks) > 3
    assert all(block.startswith(b"BEGIN:VEVENT") for block in blocks)
    assert b"".join((head, *blocks, TAIL)) == plain(MANY)


def without(some: Pieces, *gone: Key) -> Pieces:
    return {key: piece for key, piece in some.items() if key not in gone}


@pytest.mark.parametrize(
    "change",
    [
        lambda some: some | {ANOTHER: b"one more\r\n"},
        lambda some: without(some, ("02000", "uid")),
        lambda some: some | {("02000", "uid"): b"another\r\n"},
        lambda some: some | {("99999", "uid"): b"the last\r\n"},
        lambda some: some | {("0", "uid"): b"the first\r\n"},
    ],
    ids=["added", "gone", "changed", "last", "first"],
)
def test_only_the_block_that_changed_is_joined_and_compressed_again(
    monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    """A changed piece may also have ended its block, so that two blocks become one."""
    first = compress(MANY)
    again: list[int] = []
    deflate = compressing.deflate

    def counted(block: bytes, *, fast: bool) -> bytes:
        again.append(len(block))
        return deflate(block, fast=fast)

    monkeypatch.setattr(compressing, "deflate", counted)
    changed = compress(change(MANY), MANY, first)
    assert with_zlib(changed.gzip) == plain(change(MANY))
    assert 3 <= len(again) <= 4  # with the head and the tail
    assert sum(again) < len(plain(MANY)) / 2
    again.clear()
    assert compress(MANY, MANY, first) == first
    assert again == [len(HEAD), len(TAIL)]


def test_the_same_bytes_give_the_same_gzip_whatever_was_before() -> None:
    """Two workers that publish the same must not disagree."""
    fewer = pieces(random_pieces(3000))
    assert compress(MANY, fewer, compress(fewer)) == compress(MANY)


def test_blocks_are_neither_so_small_that_they_cost_nor_so_large_that_they_save_nothing() -> None:
    """Against one stream of the same level: less than a tenth more."""
    text = pieces(
        f"BEGIN:VEVENT\r\nSUMMARY:Meeting {n} of the team\r\nUID:{n * 7919}\r\n".encode()
        for n in range(20_000)
    )
    assert len(compress(text).gzip) < 1.1 * len(gzip.compress(plain(text), 6))
    sizes = [len(block) for _, block in split_blocks(MANY.items())]
    assert len(sizes) > 3
    assert all(a + b > 10_000 for a, b in pairwise(sizes))


PIECES = st.dictionaries(
    st.tuples(st.sampled_from("abcdefg"), st.sampled_from("xy")), st.binary(max_size=40)
)


@settings(max_examples=100, deadline=None)
@given(histories=st.lists(PIECES, min_size=2, max_size=5), size=st.sampled_from([1, 20, 100]))
def test_whatever_the_pieces_are_and_were(histories: list[Pieces], size: int) -> None:
    """Each document is that of its pieces alone, however many were made before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compressing, "_BLOCK", size)
        before, made = histories[0], compress(histories[0])
        for after in histories[1:]:
            made = compress(after, before, made)
            assert made == compress(after)
            assert with_zlib(made.gzip) == plain(after)
            before = after
