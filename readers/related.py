"""What a part of an Office document refers to."""

from __future__ import annotations

import posixpath

from readers.archive import Archive
from readers.elements import parse


def related(archive: Archive, name: str) -> dict[str, tuple[str, str]]:
    """What the part `name` refers to inside of the document: kind and name, by key."""
    folder, base = posixpath.split(name)
    found: dict[str, tuple[str, str]] = {}

    def begin(_: str, attributes: dict[str, str]) -> None:
        if attributes.get("TargetMode") != "External" and "Target" in attributes:
            target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"])).lstrip("/")
            found[attributes.get("Id", "")] = attributes.get("Type", ""), target

    if data := archive.read(f"{folder}/_rels/{base}.rels"):
        parse(data, begin, lambda _: None, lambda _: None)
    return found
