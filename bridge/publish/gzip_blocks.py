"""A document in gzip, of which only those blocks are compressed anew whose bytes have changed.

It is one ordinary gzip member (RFC 1952), for browsers read no second one. Each block ends in a full flush (RFC 1951
3.2.4, an empty stored block): nothing after it refers to what was before it, so that a compressed block can stand in
the next document again. It must not know what the pieces of a document are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
import hashlib
import struct
import zlib

_LEVEL = 6
_BLOCK = 200_000  # bytes of a block in the middle: of smaller ones, each would learn the common words again
_HEADER = (
    b"\x1f\x8b\x08" + bytes(5) + b"\x00\xff"
)  # deflate, no name and no time, of an unknown system
_LAST = b"\x03\x00"  # an empty last block, as every deflate stream has one
_TRAILER = struct.Struct("<LL")
_KNOWN = struct.Struct(">32sL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed:
    """A document in gzip. ``sha256`` is of its plain bytes, in hex; ``blocks`` tells what its gzip is made of."""

    gzip: bytes
    blocks: bytes
    sha256: str

    def plain(self) -> bytes:
        """Give the document itself."""
        _, size = _TRAILER.unpack(self.gzip[-_TRAILER.size :])
        return zlib.decompress(
            self.gzip, 16 + zlib.MAX_WBITS, max(size, 1)
        )  # of the right size, it is held only once


def compress(pieces: Iterable[bytes], *, earlier: bytes = b"", blocks: bytes = b"") -> Compressed:
    """Join pieces and compress them; what an earlier document's gzip holds of them, with its ``blocks``, is taken over.

    The plain bytes are never held at once.
    """
    known = dict(_known(earlier, blocks))
    whole, crc, size = hashlib.sha256(), 0, 0
    made: list[tuple[bytes, bytes]] = []
    for block in _blocks(pieces):
        whole.update(block)
        crc = zlib.crc32(block, crc)
        size += len(block)
        name = hashlib.sha256(block).digest()
        made.append((name, known.get(name) or _deflate(block)))
    end = _TRAILER.pack(crc, size & 0xFFFFFFFF)
    return Compressed(
        gzip=b"".join((_HEADER, *(deflated for _, deflated in made), _LAST, end)),
        blocks=b"".join(_KNOWN.pack(name, len(deflated)) for name, deflated in made),
        sha256=whole.hexdigest(),
    )


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Put pieces together to blocks, so that a piece that comes or goes leaves all but its own block as they were.

    A piece's bytes alone decide whether a block ends with it: the longer it is the likelier.
    """
    block: list[bytes] = []
    for piece in pieces:
        block.append(piece)
        if zlib.crc32(piece) * _BLOCK < len(piece) << 32:
            yield b"".join(block)
            block.clear()
    if block:
        yield b"".join(block)


def _deflate(block: bytes) -> bytes:
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)


def _known(data: bytes, blocks: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the compressed blocks of a document by the hash of their plain bytes."""
    start = len(_HEADER)
    for name, length in _KNOWN.iter_unpack(blocks):
        yield name, data[start : start + length]
        start += length
