"""Which files stand beside another one and speak of it: `photo.txt` beside `photo.png`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection

from readers.raw import RAW

CUE_SUFFIXES = frozenset({"srt", "vtt", "ass", "ssa", "lrc"})
SIDECAR_SUFFIXES = CUE_SUFFIXES | {"txt", "json", "xmp"}
DOCUMENT_SUFFIXES = (
    SIDECAR_SUFFIXES
    | {"md", "markdown", "html", "htm", "pdf"}
    | {"docx", "pptx", "xlsx", "odt", "odp", "ods", "epub"}
    | {"rtf", "eml", "mbox"}
)
MEDIA_SUFFIXES = frozenset(
    (
        *("jpg", "jpeg", "jpe", "jfif", "png", "webp", "avif", "gif", "tif", "tiff", "heic", "heif", "bmp"),
        *("wav", "wave", "flac", "mp3", "m4a", "m4b", "aac", "oga", "ogg", "opus", "aif", "aiff", "wma", "mka"),
        *(
            "mp2",
            "aifc",
            "wv",
            "tta",
            "ape",
            "mpc",
            "dsf",
            "ac3",
            "eac3",
            "amr",
            "awb",
            "au",
            "snd",
            "caf",
            "w64",
            "voc",
            "ra",
        ),
        *("mxf", "rm", "vob", "f4v"),
        *("mp4", "m4v", "mov", "mkv", "webm", "ogv", "avi", "mpg", "mpeg", "ts", "m2ts", "mts", "wmv", "flv"),
        *("3gp", "3g2", "jp2", "j2k", "jpx", "psd", "svg", "svgz", "ppm", "pgm", "pbm", "pnm"),
        *RAW,
    )
)
"""Suffixes that promise a picture, a sound or a film. Only beside such a file is a text with the same stem its
sidecar: beside `report.docx`, which nothing here reads, `report.txt` is a document of its own."""

_ENDS = frozenset(f".{suffix}"[-4:] for suffix in SIDECAR_SUFFIXES)
_TAG = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*|forced|sdh|cc|info|supplemental-metadata", re.ASCII)


def split_suffix(name: str) -> tuple[str, str]:
    """Stem and lower-case suffix of a file name: ("photo", "png"); the suffix is "" if there is none."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix.lower()) if dot and stem else (name, "")


def is_sidecar(name: str) -> bool:
    """Whether a file may speak of another one, as its suffix tells."""
    return split_suffix(name)[1] in SIDECAR_SUFFIXES


def pair_sidecars(names: Collection[str]) -> dict[str, list[str]]:
    """The files of one folder that are sidecars, each with the names of the files it speaks of.

    `photo.txt` speaks of every picture, sound and film `photo.*`; `photo.png.txt` of `photo.png` alone; so does
    `photo.dat.txt` of `photo.dat`. Tags of language and kind are seen through: `clip.en.srt`, `clip.info.json`.
    """
    if not any(name[-4:].lower() in _ENDS for name in names):  # most folders of pictures hold nothing else
        return {}
    suspects: list[tuple[str, str]] = []
    hosts_by_stem: defaultdict[str, list[str]] = defaultdict(list)
    others: set[str] = set()
    for name in names:
        stem, suffix = split_suffix(name)
        if suffix in SIDECAR_SUFFIXES:
            suspects.append((name, stem))
        elif suffix not in DOCUMENT_SUFFIXES:
            others.add(name)
            if suffix in MEDIA_SUFFIXES:
                hosts_by_stem[stem].append(name)
    found: dict[str, list[str]] = {}
    for name, stem in suspects:
        for base in _bases(stem):
            hosts = [base] if base in others else hosts_by_stem.get(base)
            if hosts:
                found[name] = hosts
                break
    return found


def _bases(stem: str) -> list[str]:
    """`clip.en.forced` may speak of `clip.en.forced`, `clip.en` and `clip`, in this order."""
    bases = [stem]
    while len(bases) <= 2:  # noqa: PLR2004  # a language and a kind
        stem, dot, tag = stem.rpartition(".")
        if not dot or not stem or not _TAG.fullmatch(tag):
            break
        bases.append(stem)
    return bases
