"""A document in gzip is read by every reader of RFC 1952, and only its changed blocks are
compressed again.
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
from bridge.feed.gzip_blocks import compress, split_blocks


def pieces(number: int) -> list[bytes]:
    """Return pieces of a few hundred bytes each that share little, always the same."""
    dice = random.Random(7)
    return [
        f"BEGIN:VEVENT\r\nSUMMARY:{n}\r\n{dice.randbytes(200).hex()}\r\n".encode()
        for n in range(number)
    ]


MANY = pieces(4000)  # 1.7 MB: several blocks


def plain(some: Iterable[bytes]) -> bytes:
    return b"".join(some)


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
@pytest.mark.parametrize("taken_over", [False, True])
def test_every_reader_gets_the_plain_bytes(read: Any, taken_over: Any) -> None:
    earlier = compress(MANY) if taken_over else compress([])
    changed = [*MANY[:2000], b"another", *MANY[2001:]]
    made = compress(changed, earlier=earlier.gzip, blocks=earlier.blocks)
    assert read(made.gzip) == plain(changed) == made.plain()
    assert made.sha256 == hashlib.sha256(plain(changed)).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        lambda some: [*some[:1000], b"one more\r\n", *some[1000:]],
        lambda some: [*some[:1000], *some[1001:]],
        lambda some: [*some[:1000], b"another\r\n", *some[1001:]],
    ],
    ids=["added", "gone", "changed"],
)
def test_only_the_block_that_changed_is_compressed_again(
    monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    """A changed piece may also have ended its block, so that two blocks become one."""
    first = compress(MANY)
    again: list[int] = []
    deflate = compressing.deflate

    def counted(block: bytes, level: int) -> bytes:
        again.append(len(block))
        return deflate(block, level)

    monkeypatch.setattr(compressing, "deflate", counted)
    changed = compress(change(MANY), earlier=first.gzip, blocks=first.blocks)
    assert changed.plain() == plain(change(MANY))
    assert 1 <= len(again) <= 2
    assert sum(again) < len(plain(MANY)) / 2
    again.clear()
    assert compress(MANY, earlier=first.gzip, blocks=first.blocks) == first
    assert again == []


def test_the_same_bytes_give_the_same_gzip_whatever_was_before() -> None:
    """Two workers that publish the same must not disagree."""
    first, second = compress(MANY[:3000]), compress(MANY)
    assert compress(MANY, earlier=first.gzip, blocks=first.blocks) == second


def test_blocks_are_neither_so_small_that_they_cost_nor_so_large_that_they_save_nothing() -> None:
    """Against one stream of the same level: less than a tenth more."""
    text = [
        f"BEGIN:VEVENT\r\nSUMMARY:Meeting {n} of the team\r\nUID:{n * 7919}\r\n".encode()
        for n in range(20_000)
    ]
    assert len(compress(text).gzip) < 1.1 * len(gzip.compress(plain(text), 6))
    sizes = [len(block) for block in split_blocks(MANY)]
    assert len(sizes) > 3
    assert all(a + b > 10_000 for a, b in pairwise(sizes))


@settings(max_examples=60, deadline=None)
@given(
    before=st.lists(st.binary(max_size=40), max_size=12),
    after=st.lists(st.binary(max_size=40), max_size=12),
    size=st.sampled_from([1, 20, 100, 200_000]),
)
def test_whatever_the_pieces_are_and_were(before: Any, after: Any, size: Any) -> None:
    original, compressing._BLOCK = compressing._BLOCK, size
    try:
        earlier = compress(before)
        made = compress(after, earlier=earlier.gzip, blocks=earlier.blocks)
    finally:
        compressing._BLOCK = original
    assert with_zlib(made.gzip) == plain(after)


def test_a_document_of_an_older_version_has_no_blocks_to_take_over() -> None:
    older = gzip.compress(plain(MANY), 6, mtime=0)
    assert compress(MANY, earlier=older, blocks=b"") == compress(MANY)
