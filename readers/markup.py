"""The text of HTML pages and XML documents."""

from __future__ import annotations

import html
import re
from collections import Counter

from schemas import ReadError

_UNSEEN = "script, style, noscript, template, svg, head"
_HEADINGS = "h1, h2, h3, h4, h5, h6"
_BLOCKS = (
    "p, div, br, ul, ol, li, dl, dt, dd, table, tr, blockquote, pre, nav, main, section, article, figure, figcaption"
)
_ELEMENT = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_EMPTY = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
_ENDED_BY_THE_NEXT = ("p", "li", "dt", "dd", "option", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup")
_NEVER_HOLD = frozenset((*_EMPTY, *_ENDED_BY_THE_NEXT))
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_MARK = re.compile(r"<!--.*?-->|<[^<>]*>", re.DOTALL)
_DEEPEST = 2_000  # elements inside each other; the time to parse grows with the square


def html_text(source: str) -> tuple[str, str]:
    """Title and text of a page, without scripts and styles, headings marked as in Markdown.

    Raises:
        ReadError: Its elements nest deeper than any page's do.
    """
    from selectolax.lexbor import LexborHTMLParser

    if source.count("<") > _DEEPEST and _depth(source) > _DEEPEST:
        raise ReadError(f"The page nests more than {_DEEPEST:,} elements: it is damaged, or made to do harm.")
    tree = LexborHTMLParser(source)
    found = tree.css_first("title")
    title = " ".join(found.text().split()) if found is not None else ""
    for node in tree.css(_UNSEEN):
        node.decompose()
    for node in tree.css(_HEADINGS):
        node.insert_before("\n\n# ")
        node.insert_after("\n\n")
    for node in tree.css(_BLOCKS):
        node.insert_before("\n\n")
        node.insert_after("\n\n")
    return title, tree.body.text(separator="") if tree.body is not None else ""


def xml_text(source: str) -> str:
    """The text between the tags of a document. Entities of its own are left as they are written."""
    plain = _CDATA.sub(lambda section: html.escape(section[1]), source)
    return html.unescape(_MARK.sub(" ", plain))


def _depth(source: str) -> int:
    """How deep elements nest, about as a parser sees it: an end tag ends all that was begun inside its element."""
    deepest = 0
    inside: list[str] = []
    begun: Counter[str] = Counter()
    for slash, name in _ELEMENT.findall(source):
        name = name.lower()  # noqa: PLW2901  # the same name, as HTML means it
        if name in _NEVER_HOLD:
            continue
        if not slash:
            inside.append(name)
            begun[name] += 1
            deepest = max(deepest, len(inside))
        elif begun[name]:
            while (ended := inside.pop()) != name:
                begun[ended] -= 1
            begun[name] -= 1
    return deepest
