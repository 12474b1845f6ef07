"""The encoding of a flat file, where it cannot be told from the file itself."""

import codecs
import re
from email.message import Message

from tradepost.process.shipment.file_records import encoding_of

UTF_8 = "utf-8-sig"  # as encoding_of calls it
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{1,200}?\sencoding\s*=\s*["']([\w.:-]+)""")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
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


def in_utf8(content: bytes, content_type: str) -> bytes:
    """The file in UTF-8 without a byte-order mark, in whatever encoding it is."""
    as_told = as_utf8(content, content_type)
    encoding = encoding_of(as_told)
    plain = as_told if encoding == UTF_8 else as_told.decode(encoding).encode()
    return plain.removeprefix(codecs.BOM_UTF8)


def xml_in_utf8(content: bytes, content_type: str) -> bytes:
    """An XML document in UTF-8 where it is in no encoding that it declares itself; any other as it is.

    Some clients send text in the Western encoding whatever stands in it.
    """
    as_told = as_utf8(content, content_type)
    declared = _DECLARED.match(as_told)
    if (declared and declared[1].lower() != b"utf-8") or as_told.startswith(_UTF_16) or _reads_as(as_told, "utf-8"):
        return as_told
    return in_utf8(as_told, content_type)


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
