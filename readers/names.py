"""The words in a file's path: what a person meant by its name, without what a camera or a program put there."""

from __future__ import annotations

import os
import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[\s_\-.,;+~#@()\[\]{}=&!]+")
_CAMEL = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])")
_WHATSAPP = re.compile(r"(?i)\bwhatsapp (?:image|video|audio|ptt) (?=\d{4}-)|(?<=\d) at (?=\d\d\.\d\d\.\d\d)")
# What cameras, telephones, recorders and programs begin a name with, when only a number follows.
_CAMERAS = (
    "img",
    "dsc",
    "dscn",
    "dscf",
    "pict",
    "mvi",
    "pxl",
    "gopr",
    "gh",
    "gx",
    "gp",
    "dji",
    "sam",
    "cimg",
    "imgp",
    "p",
)
_OTHERS = ("scan", "screenshot", "snapshot", "rec", "recording", "ptt", "aud", "stm", "vid", "mov", "wp", "mg", "wa")
_PLAIN = ("image", "photo", "foto", "pic", "video", "audio", "untitled", "unnamed")
_DEVICES = frozenset(_CAMERAS + _OTHERS + _PLAIN)
_COUNTED = re.compile(r"(?i)(?:" + "|".join(sorted(_DEVICES)) + r")\d{3,}[a-z]?")
_MACHINE = re.compile(r"(?=\w*\d)[0-9a-fA-F]{8,}|\d{6,}\w*|\w*\d{6,}")  # hashes and timestamps
_YEAR = re.compile(r"(?:19|20)\d\d")


def name_words(path: str) -> str:
    """The words of a path relative to its source: `animals/IMG_2031-red_dress.jpg` gives "animals / red dress".

    Camera counters, timestamps and hashes are dropped; camelCase and separators are split. Empty if nothing is left.
    """
    if not path.isascii():
        path = os.fsencode(path).decode("utf-8", "replace").replace("\ufffd", " ")
    *folders, name = path.split("/")
    stem, dot, suffix = name.rpartition(".")
    if dot and stem and len(suffix) <= 5:  # noqa: PLR2004  # longer ones are words
        name = stem
    parts = (*(_folder_words(folder) for folder in folders), _words(name))
    return " / ".join(part for part in parts if part)


@lru_cache(maxsize=4096)  # thousands of files share a folder
def _folder_words(folder: str) -> str:
    return _words(folder)


def _words(name: str) -> str:
    if " " in name:
        name = _WHATSAPP.sub(" IMG ", name)
    tokens = [token for token in _SEPARATORS.split(name) if token]
    words: list[str] = []
    lettered = False
    counting = False  # numbers that follow a device's word are its counter or its clock
    for token, following in zip(tokens, [*tokens, ""][1:], strict=True):
        if token.isdecimal() and counting:
            continue
        device = token.lower() in _DEVICES and following[:1].isdecimal()
        named = token.isalpha()  # what has a number in it may be no word
        counting = device or not (named or not (_COUNTED.fullmatch(token) or _MACHINE.fullmatch(token)))
        if not counting:
            words.extend([token] if named and token.islower() else _CAMEL.sub(" ", token).split())
            lettered = lettered or named
    if not lettered and not any(character.isalpha() for word in words for character in word):
        words = [word for word in words if _YEAR.fullmatch(word)]
    return " ".join(words).lower()
