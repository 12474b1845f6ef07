"""Texts as they may stand in an XML document, so that every program can read it."""

import re
from xml.sax.saxutils import escape

# Most of them XML 1.0 cannot even quote; of the rest, programs make line ends and spaces of their own.
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def text(value: str) -> str:
    """A text in one line; a space stands for a sign that cannot."""
    return escape(_NOT_IN_A_LINE.sub(" ", value))
