"""Bytes to text: the encoding is found, not assumed."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = bytes({*range(0x20), 0x7F} - {*b"\t\n\f\r\x1b"})  # what no text has
_CONTROL_ASCII = _CONTROL + b"\x1b"
_CONTROL_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_SAMPLE = 32_768  # bytes that the guess of an encoding is made from
_USED = (
    *("cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
_TRANSLATION = re.compile(r"^[a-z]{2,3}(?:[_@][\w@]+)?\.utf8=.*\n?", re.MULTILINE)
_DAMAGED = 0.2  # share of the characters beyond ASCII that may be broken in a text of UTF-8
_FEW_FOREIGN, _SHORT = 0.25, 200  # share of bytes beyond ASCII, bytes
_BINARY = 0.02  # share of control characters that no text has


def decode_text(data: bytes) -> str | None:
    """The text of `data`, with one line feed for every line end, without control characters; None if it is no text.

    A byte order mark is believed; then UTF-8 is tried, which nothing else looks like; then the encoding is guessed.
    """
    if data.isascii() and len(data.translate(None, _CONTROL_ASCII)) == len(data):  # as most texts are
        return _one_line_end(data.decode("ascii"))
    encoding = find_encoding(data[:_SAMPLE])
    return None if encoding is None else decoded(data, encoding)


def decoded(data: bytes, encoding: str) -> str:
    """The text of `data` in a known encoding, as `decode_text` gives it."""
    return without_control(_one_line_end(data.decode(encoding, "replace")))


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def without_control(text: str) -> str:
    """A text without control characters; line ends and tabs stay."""
    if text.isascii():  # bytes are looked through many times as fast
        return text.encode("ascii").translate(None, _CONTROL_ASCII).decode("ascii")
    return _CONTROL_TEXT.sub("", text)


def smooth(text: str) -> str:
    """A text with one blank for all space between two words. Most are so: to look costs a quarter of splitting them."""
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text
    return " ".join(text.split())


def without_translations(text: str) -> str:
    """A caption of Tux Paint in its first language alone; any other text as it is."""
    return _TRANSLATION.sub("", text) if ".utf8=" in text else text


def find_encoding(sample: bytes) -> str | None:
    """The encoding of the text that begins with `sample`, None if it is no text. It may end inside a character."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    if len(sample) - len(sample.translate(None, _CONTROL)) > _BINARY * len(sample):
        return _unmarked_utf16(sample)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "utf-8" if _mostly_utf8(sample) else _guess(sample)
    return "utf-8"


def _mostly_utf8(sample: bytes) -> bool:
    """Whether only a few bytes are damaged: what else is beyond ASCII makes sense."""
    text = sample.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(character > "\x7f" for character in text) - wrong
    return wrong < _DAMAGED * right


def _unmarked_utf16(sample: bytes) -> str | None:
    """Text of Western letters in UTF-16 has a zero in every other byte."""
    even, odd = sample[::2], sample[1::2]
    for encoding, zeros, letters in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        mostly_zero = zeros.count(0) > 0.9 * len(zeros)
        if mostly_zero and letters and letters.translate(None, _CONTROL) == letters:
            return encoding
    return None


def _guess(sample: bytes) -> str | None:
    """The encoding that makes most sense, among those that people have used. Short Western texts tell too little."""
    from charset_normalizer import from_bytes

    foreign = sum(byte >> 7 for byte in sample) / len(sample)
    if foreign < _FEW_FOREIGN and len(sample) < _SHORT:
        return "cp1252"
    best = from_bytes(sample, cp_isolation=list(_USED)).best()
    if best is not None:
        return best.encoding
    return "cp1252" if foreign < _FEW_FOREIGN else None
