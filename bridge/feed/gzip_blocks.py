"""A document in gzip, of which only the blocks whose bytes have changed are compressed again.

It pays for feeds above about 5,000 events: at 200, plain ``gzip.compress`` takes the same time, at
5,000 nearly four times as long. The result is one ordinary gzip member (RFC 1952), for browsers
read no second one. Each block ends in a full flush (RFC 1951 3.2.4, an empty stored block): nothing
after it refers to what was before it, so that the next document can reuse a compressed block.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
import hashlib
import struct
import zlib

LEVEL = 6
_BLOCK = 200_000  # mean bytes of a block: each smaller one would learn the common words again
_HEADER = b"\x1f\x8b\x08" + bytes(5) + b"\x00\xff"  # deflate, no name, no time, unknown system
_LAST = b"\x03\x00"  # an empty last block, as every deflate stream has one
_TRAILER = struct.Struct("<LL")
_KNOWN = struct.Struct(">32sL")


@dataclass(frozen=True, slots=True, kw_only=True)
class GzipDocument:
    """A document in gzip. ``sha256`` is of its plain bytes, in hex; ``blocks`` names its blocks."""

    gzip: bytes
    blocks: bytes
    sha256: str

    def plain(self) -> bytes:
        """Return the document decompressed."""
        _, size = _TRAILER.unpack(self.gzip[-_TRAILER.size :])
        # With a buffer of the right size, the document is held only once.
        return zlib.decompress(self.gzip, 16 + zlib.MAX_WBITS, max(size, 1))


def compress(
    pieces: Iterable[bytes], *, earlier: bytes = b"", blocks: bytes = b"", level: int = LEVEL
) -> GzipDocument:
    """Join pieces and compress them, reusing the blocks of an earlier document's gzip.

    The plain bytes are never held at once. ``level`` is zlib's.
    """
    known = dict(_known(earlier, blocks))
    sha256, crc, size = hashlib.sha256(), 0, 0
    deflated: list[tuple[bytes, bytes]] = []
    for block in split_blocks(pieces):
        sha256.update(block)
        crc = zlib.crc32(block, crc)
        size += len(block)
        name = hashlib.sha256(block).digest()
        deflated.append((name, known.get(name) or deflate(block, level)))
    end = _TRAILER.pack(crc, size & 0xFFFFFFFF)
    gzip = b"".join((_HEADER, *(data for _, data in deflated), _LAST, end))
    names = b"".join(_KNOWN.pack(name, len(data)) for name, data in deflated)
    return GzipDocument(gzip=gzip, blocks=names, sha256=sha256.hexdigest())


def deflate(block: bytes, level: int = LEVEL) -> bytes:
    """Return a block as deflate, ended by a full flush."""
    deflator = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflator.compress(block) + deflator.flush(zlib.Z_FULL_FLUSH)


def split_blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join pieces to blocks, so that a new or missing piece changes only its own block.

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


def _known(data: bytes, blocks: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return the compressed blocks of a document by the hash of their plain bytes."""
    start = len(_HEADER)
    for name, length in _KNOWN.iter_unpack(blocks):
        yield name, data[start : start + length]
        start += length
