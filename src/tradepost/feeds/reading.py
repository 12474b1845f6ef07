"""Reading the document of a feed: unpacked where it is packed, and never more of it than is allowed.

Whatever it unpacks to and however often it was packed together, memory is bounded by MOST_BYTES.
"""

import zlib
from io import BytesIO

from tradepost.documents.documents import MOST_MIB
from tradepost.feeds.trouble import Trouble, Unusable
from tradepost.ground.storage import Storage

MOST_BYTES = MOST_MIB << 20
_GZIP = b"\x1f\x8b"
_AT_ONCE = 1 << 20
_PACKED_AT_ONCE = 1 << 14  # what comes behind a part is copied, and each part may be twenty bytes long


async def read(storage: Storage, document_id: str) -> bytes:
    """The document. Raises Unusable."""
    unpacked = BytesIO()  # which gives its bytes away without a copy
    gzip: _Gzip | None = None
    begun = False
    try:
        async for piece in storage.read(document_id):
            if not begun and piece:
                begun, gzip = True, _Gzip() if piece.startswith(_GZIP) else None
            if gzip is None:
                unpacked.write(piece)
            else:
                gzip.unpack(piece, unpacked)
            if unpacked.tell() > MOST_BYTES:
                raise Unusable(Trouble.TOO_LARGE)
    except FileNotFoundError as error:
        raise Unusable(Trouble.NOTHING_UPLOADED) from error
    except zlib.error as error:
        raise Unusable(Trouble.NOT_PACKED_WELL) from error
    if gzip is not None and not gzip.whole:
        raise Unusable(Trouble.NOT_PACKED_WELL)
    return unpacked.getvalue()


class _Gzip:
    """Unpacks what was packed with gzip, in one part or several."""

    def __init__(self) -> None:
        self._part = zlib.decompressobj(wbits=31)

    @property
    def whole(self) -> bool:
        """Whether the last part has come to its end."""
        return self._part.eof

    def unpack(self, piece: bytes, into: BytesIO) -> None:
        """Add what a piece unpacks to, hardly more of it than is allowed."""
        for start in range(0, len(piece), _PACKED_AT_ONCE):
            self._unpack(piece[start : start + _PACKED_AT_ONCE], into)

    def _unpack(self, piece: bytes, into: BytesIO) -> None:
        while into.tell() <= MOST_BYTES and (piece or not self._part.eof):
            if self._part.eof:
                self._part = zlib.decompressobj(wbits=31)
            unpacked = self._part.decompress(piece, _AT_ONCE)
            into.write(unpacked)
            piece = self._part.unused_data if self._part.eof else self._part.unconsumed_tail
            if not piece and len(unpacked) < _AT_ONCE:
                return
