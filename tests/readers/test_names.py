"""Words in paths."""

from __future__ import annotations

import os

import pytest

from readers import name_words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("IMG_2031-red_dress.jpg", "red dress"),
        ("animals/birds/adelaide-rosella.png", "animals / birds / adelaide rosella"),
        ("myHolidayInRome.png", "my holiday in rome"),
        ("HTMLParser.txt", "html parser"),
        ("2019/summer/P1010010.JPG", "2019 / summer"),
        ("photo of us.jpg", "photo of us"),
        ("apollo 11.mp3", "apollo 11"),
        ("1999.jpg", "1999"),
        ("café/élan.txt", "café / élan"),
        ("notes.about dogs", "notes about dogs"),
        ("b52.png", "b52"),
    ],
)
def test_words_that_a_person_wrote_are_kept(path: str, words: str) -> None:
    assert name_words(path) == words


@pytest.mark.parametrize(
    "path",
    [
        "DSC01234.JPG",
        "IMG_20230101_123456.jpg",
        "photo 12.jpg",
        "d41d8cd98f00b204e9800998ecf8427e.jpg",
        "Screenshot_2021-01-01.png",
        "Screenshot 2021-01-01 at 10.11.12.png",
        "VID-20200101-WA0001.mp4",
        "WhatsApp Image 2020-01-02 at 10.11.12.jpeg",
        "007.mp3",
        "___.png",
    ],
)
def test_what_a_machine_wrote_is_dropped(path: str) -> None:
    assert name_words(path) == ""


def test_names_that_are_no_text_give_the_words_around() -> None:
    assert name_words(os.fsdecode(b"birds/caf\xe9 noir.jpg")) == "birds / caf noir"
