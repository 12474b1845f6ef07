"""The encoding of a flat file, where it cannot be told from the file itself."""

from email.message import Message

from tradepost.process.shipment.file_records import encoding_of

_JAPANESE = {"shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j", "cp932", "csshiftjis"}


def as_utf8(content: bytes, content_type: str) -> bytes:
    """The file in UTF-8 where it is in the Japanese encoding that its type declares; any other as it is.

    Clients declare what they do not keep: what reads as UTF-8 is UTF-8, whatever was said of it.
    """
    if charset(content_type) not in _JAPANESE or _reads_as(content, "utf-8"):
        return content
    try:
        return content.decode("cp932").encode()
    except UnicodeDecodeError:
        return content


def decoded(content: bytes, content_type: str) -> str:
    """The text of a file, in whatever encoding it is, without a byte-order mark."""
    as_told = as_utf8(content, content_type)
    return as_told.decode(encoding_of(as_told)).removeprefix("\ufeff")


def charset(content_type: str) -> str:
    """The encoding that a type declares, in small letters; empty where it declares none."""
    message = Message()
    message["content-type"] = content_type
    return (message.get_content_charset() or "").lower()


def _reads_as(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
