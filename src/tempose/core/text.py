"""Text from files of any program: whichever encoding it was written in."""

from __future__ import annotations

import codecs
import re

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# What no text holds: control characters other than tab, line and page breaks, and DOS's end of a file.
CONTROL = re.compile("[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")


def unicode_of(name: str) -> str:
    """The name of a file as text that every program reads: bytes of it that are not UTF-8 are escaped."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def decoded(data: bytes) -> str:
    """The text in the bytes of a file: UTF-8, UTF-16 or UTF-32, Shift JIS, or else Latin-1.

    A mark at the beginning decides; without one, whichever encoding fits first.

    Raises:
        UnicodeError: it is no text.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data.decode(encoding)
    text = _guessed(data)
    if CONTROL.search(text):
        raise UnicodeError("control characters")
    return text


def _guessed(data: bytes) -> str:
    head = data[:400]
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):  # every other byte of English is 0
        others = head[place::2]
        if len(others) > 1 and others.count(0) > 0.8 * len(others):
            return data.decode(encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp932")
    except UnicodeDecodeError:
        return data.decode("latin-1")
    # Japanese writing has kana or kanji; accents of the West only look like half-width kana.
    return text if re.search("[぀-ヿ一-鿿]", text) else data.decode("latin-1")
