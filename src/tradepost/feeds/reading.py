"""Reading the document of a feed: unpacked where it is packed, and never more of it than is allowed.

Whatever it unpacks to and however often it was packed together, memory is bounded by MOST_BYTES.
"""

import zlib

from tradepost.documents.documents import MOST_MIB
from tradepost.feeds.trouble import Trouble, Unusable
from tradepost.ground.storage import Storage

MOST_BYTES = MOST_MIB << 20
_GZIP = b"\x1f\x8b"


async def read(storage: Storage, document_id: str) -> bytes:
    """The document. Raises Unusable."""
    unpacked = bytearray()
    gzip: _Gzip | None = None
    begun = False
    try:
        async for piece in storage.read(document_id):
            if not begun and piece:
                begun, gzip = True, _Gzip() if piece.startswith(_GZIP) else None
            if gzip is None:
                unpacked += piece
            else:
                gzip.unpack(piece, unpacked)
            if len(unpacked) > MOST_BYTES:
                raise Unusable(Trouble.TOO_LARGE)
    except FileNotFoundError as error:
        raise Unusable(Trouble.NOTHING_UPLOADED) from error
    except zlib.error as error:
        raise Unusable(Trouble.NOT_PACKED_WELL) from error
    if gzip is not None and not gzip.whole:
        raise Unusable(Trouble.NOT_PACKED_WELL)
    return bytes(unpacked)


class _Gzip:
    """Unpacks what was packed with gzip, in one part or several."""

    def __init__(self) -> None:
        self._part = zlib.decompressobj(wbits=31)

    @property
    def whole(self) -> bool:
        """Whether the last part has come to its end."""
        return self._part.eof

    def unpack(self, piece: bytes, into: bytearray) -> None:
        """Add what a piece unpacks to, up to one byte more than is allowed."""
        while piece and len(into) <= MOST_BYTES:
            if self._part.eof:
                self._part = zlib.decompressobj(wbits=31)
            into += self._part.decompress(piece, MOST_BYTES + 1 - len(into))
            piece = self._part.unused_data
