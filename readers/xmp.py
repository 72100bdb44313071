"""XMP packets: title, description and keywords, from pictures and from sidecar files."""

from __future__ import annotations

from dataclasses import dataclass, field

from readers.elements import DamagedXmlError, parse

_DC = "http://purl.org/dc/elements/1.1/ "
_LI = "http://www.w3.org/1999/02/22-rdf-syntax-ns# li"
_LINES = {
    _DC + "title": "title",
    "http://ns.adobe.com/photoshop/1.0/ Headline": "headline",
    _DC + "description": "description",
}
_TAGS = _DC + "subject"


@dataclass(slots=True)
class XmpWords:
    """What a packet says: lines by role (title, headline, description), and keywords."""

    lines: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


def parse_xmp(packet: bytes) -> XmpWords | None:
    """The words of an XMP packet; None if it is no well-formed XML, or declares a document type.

    Of a text in several languages the first is taken, which XMP says is the default one.
    """
    words = XmpWords()
    path: list[str] = []
    text: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        text.clear()
        for attribute, value in attributes.items():
            if (role := _LINES.get(attribute)) and value.strip():
                words.lines.setdefault(role, " ".join(value.split()))

    def end(name: str) -> None:
        path.pop()
        said = " ".join("".join(text).split())
        text.clear()
        if not said or name not in (_LI, *_LINES, _TAGS):
            return
        owner = next((above for above in reversed([*path, name]) if above in _LINES or above == _TAGS), None)
        if owner == _TAGS:
            words.tags.append(said)
        elif owner is not None:
            words.lines.setdefault(_LINES[owner], said)

    try:
        parse(packet, begin, end, text.append)
    except DamagedXmlError:
        return None
    return words
