"""A document in gzip, of which only the blocks with changed pieces are joined and compressed again.

The result is one ordinary gzip member (RFC 1952), for browsers read no second one. Each block ends
in a full flush (RFC 1951 3.2.4, an empty stored block): nothing after it refers to what was before
it, so that the next document can reuse a compressed block. For the hash of the whole, such a block
is only decompressed. isal does that twice as fast as zlib. It compresses in a fifteenth of the
time, for a quarter more bytes: right where a client waits.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
import hashlib
from itertools import accumulate, groupby, pairwise
from operator import itemgetter
import struct
from typing import TypeAlias
import zlib

from isal import isal_zlib
import msgspec

Key: TypeAlias = tuple[str, str]
"""The place of a piece in the order of a document."""

FIRST: Key = ("", "")
_LEVEL, _FAST_LEVEL = 6, 1  # of zlib and of isal
_BLOCK = 200_000  # mean bytes of a block: each smaller one would learn the common words again
_HEADER = b"\x1f\x8b\x08" + bytes(5) + b"\x00\xff"  # deflate, no name, no time, unknown system
_LAST = b"\x03\x00"  # an empty last block, as every deflate stream has one
_TRAILER = struct.Struct("<LL")


class Block(msgspec.Struct, frozen=True, array_like=True):
    """A block of a document: the key of its last piece, and the length of its deflate."""

    last: Key
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GzipDocument:
    """A document in gzip. ``sha256`` is of its plain bytes, in hex; ``blocks`` names its blocks."""

    gzip: bytes
    blocks: bytes
    sha256: str


def decompress(gzip: bytes) -> bytes:
    """Return the plain bytes of a document in gzip."""
    _, size = _TRAILER.unpack(gzip[-_TRAILER.size :])
    # With a buffer of the right size, the document is held only once.
    return isal_zlib.decompress(gzip, 16 + zlib.MAX_WBITS, max(size, 1))


def decompress_blocks(gzip: bytes, blocks: bytes) -> Iterator[bytes]:
    """Return the plain bytes of a document, its head and its blocks of pieces, without its tail."""
    return (_inflate(data) for _, data in _stored(gzip, blocks))


def deflate(plain: bytes, *, fast: bool = False) -> bytes:
    """Return a block as deflate, ended by a full flush; ``fast``: larger but sooner."""
    new, level = (isal_zlib.compressobj, _FAST_LEVEL) if fast else (zlib.compressobj, _LEVEL)
    deflator = new(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflator.compress(plain) + deflator.flush(zlib.Z_FULL_FLUSH)


def compress(
    head: bytes,
    pieces: Callable[[Key, Key | None], Iterable[tuple[Key, bytes]]],
    tail: bytes,
    *,
    placeholder: bytes = b"",
    changed: Iterable[Key] = (),
    earlier: tuple[bytes, bytes] = (b"", b""),
    fast: bool = False,
) -> GzipDocument:
    """Compress head, pieces and tail, reusing blocks of an earlier document of the same pieces.

    ``pieces`` returns those after one key up to another (None: all) in their order, as often as
    needed. ``earlier`` are the gzip and the blocks of a document, and ``changed`` the keys of
    pieces that are new, gone or different since then. ``placeholder`` stands for no bytes of
    pieces. The plain bytes are never held at once. ``fast``: for a client that waits.
    """
    sha256, crc, size = hashlib.sha256(), 0, 0
    deflated: list[bytes] = []
    new: list[Block] = []

    def add(plain: bytes, last: Key, data: bytes = b"") -> None:
        nonlocal crc, size
        sha256.update(plain)
        crc, size = isal_zlib.crc32(plain, crc), size + len(plain)
        deflated.append(data or deflate(plain, fast=fast))
        new.append(Block(last, len(deflated[-1])))

    add(head, FIRST)
    known = _stored(*earlier)[1:]
    flags = _find_changed([block for block, _ in known], changed) or [True]  # all pieces are new
    known = known or [(Block(FIRST, 0), b"")]
    start, end = FIRST, known[-1]
    for is_changed, group in groupby(zip(known, flags, strict=True), itemgetter(1)):
        run = [stored for stored, _ in group]
        last = run[-1][0].last
        if is_changed:
            for key, plain in split_blocks(pieces(start, None if run[-1] is end else last)):
                add(plain, key)
        else:
            for block, data in run:
                add(_inflate(data), block.last, data)
        start = last
    names = msgspec.msgpack.encode(new)
    add(tail if size > len(head) else placeholder + tail, FIRST)
    data = b"".join((_HEADER, *deflated, _LAST, _TRAILER.pack(crc, size & 0xFFFFFFFF)))
    return GzipDocument(gzip=data, blocks=names, sha256=sha256.hexdigest())


def split_blocks(pieces: Iterable[tuple[Key, bytes]]) -> Iterator[tuple[Key, bytes]]:
    """Join pieces to blocks, each with the key of its last piece.

    A piece's bytes alone decide whether a block ends with it: the longer it is the likelier. So a
    new or missing piece changes only its own block, and the next one if it ended its own.
    """
    block: list[bytes] = []
    key = FIRST
    for key, piece in pieces:
        block.append(piece)
        if isal_zlib.crc32(piece) * _BLOCK < len(piece) << 32:
            yield key, b"".join(block)
            block.clear()
    if block:
        yield key, b"".join(block)


def _find_changed(blocks: Sequence[Block], changed: Iterable[Key]) -> list[bool]:
    """Return for each block whether it has to be joined again."""
    lasts, flags = [block.last for block in blocks], [False] * len(blocks)
    for key in changed if blocks else ():
        number = min(bisect_left(lasts, key), len(lasts) - 1)
        flags[number] = True
        if key == lasts[number]:
            flags[number + 1 : number + 2] = [True] * (number + 1 < len(flags))
    return flags


def _stored(gzip: bytes, blocks: bytes) -> list[tuple[Block, bytes]]:
    """Return the blocks of a document, first its head, each with its deflate; none if unknown."""
    known = msgspec.msgpack.decode(blocks, type=list[Block]) if blocks else []
    ends = accumulate((block.length for block in known), initial=len(_HEADER))
    return [(block, gzip[a:b]) for block, (a, b) in zip(known, pairwise(ends), strict=True)]


def _inflate(block: bytes) -> bytes:
    return isal_zlib.decompressobj(-zlib.MAX_WBITS).decompress(block)
