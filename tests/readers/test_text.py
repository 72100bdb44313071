"""Bytes to text."""

from __future__ import annotations

import random

import pytest

from readers.text import decode_text, find_encoding


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain words", "ascii"),
        ("café, naïve, 日本語", "utf-8"),
        ("café", "utf-8-sig"),
        ("“quoted” words", "utf-16"),
        ("plain words", "utf-16-le"),
        ("plain words", "utf-16-be"),
        ("“quoted” words", "utf-32"),
        ("café au lait", "latin-1"),
        ("½ cup of flour", "cp1252"),
        ("Les élèves de l'école ont été très étonnés de voir le château où la reine avait vécu. " * 4, "cp1252"),
        ("Привет, мир! Как дела?", "cp1251"),
        ("日本語のテキストです。これは長い文章です。", "shift_jis"),
        ("你好，世界。这是一个测试文件。", "gb18030"),
    ],
)
def test_the_encoding_is_found(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == text


def test_line_ends_become_one_kind_and_control_characters_go() -> None:
    text = "a long enough line of text to hold a stray sign\x07 " * 3
    assert decode_text(f"one\r\ntwo\rthree\n{text}".encode()) == "one\ntwo\nthree\n" + text.replace("\x07", "")


def test_a_damaged_byte_does_not_change_the_encoding() -> None:
    data = ("Älg och räv över ån. " * 5).encode()
    text = decode_text(data[:50] + b"\xff" + data[50:])
    assert text is not None
    assert text.count("Älg") == 5


def test_bytes_are_no_text() -> None:
    rng = random.Random(0)
    assert find_encoding(rng.randbytes(4096)) is None
    assert find_encoding(bytes(byte | 0x80 for byte in rng.randbytes(4096))) is None
    assert decode_text(bytes(range(32)) * 4) is None


def test_a_sample_may_end_inside_a_character() -> None:
    assert find_encoding("naïve café".encode()[:-1]) == "utf-8"
