"""XML, element by element, without a tree and without a document type: entities have nowhere to swell from."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from xml.parsers import expat

Begin = Callable[[str, dict[str, str]], None]


class DamagedXmlError(ValueError):
    """No well-formed XML."""


class DeclaredTypeError(DamagedXmlError):
    """XML that declares a document type: it could define entities that swell, or that lie elsewhere."""


def parse(data: bytes, begin: Begin, end: Callable[[str], None], text: Callable[[str], object]) -> None:
    """Call `begin`, `end` and `text` for what `data` holds; names are "namespace name", attributes too.

    Raises:
        DamagedXmlError: It is not well-formed.
        DeclaredTypeError: It declares a document type.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    wide = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))  # whose letters end in zeros themselves
    try:
        parser.Parse(data if wide else data.strip(b"\0 \t\r\n"), True)
    except expat.ExpatError as error:
        raise DamagedXmlError(str(error)) from error


def _refuse(*_: object) -> None:
    raise DeclaredTypeError("a document type is declared")


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(" ")[2]


def attribute(attributes: dict[str, str], name: str) -> str:
    """The value of the attribute of this local name; "" without one."""
    return next((value for key, value in attributes.items() if local(key) == name), "")
