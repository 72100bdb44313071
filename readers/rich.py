"""Rich text (RTF), by striprtf."""

from __future__ import annotations

import re

from schemas import ReadError

_HEX = re.compile(r"[0-9a-fA-F\s]{256,}")  # pictures, in which striprtf would look at each letter
_TITLE = re.compile(r"\{\\title ([^{}\\]*)\}")


def rich_text(source: str) -> tuple[str, str]:
    """Title and text of a document, its paragraphs apart.

    Raises:
        ReadError: It is damaged.
    """
    from striprtf.striprtf import rtf_to_text

    # A line end means nothing; here it keeps striprtf from looking for links, which takes the square of the length.
    plain = _HEX.sub(" ", source).replace("\\fldinst", "\n\\fldinst")
    try:
        text: str = rtf_to_text(plain, errors="replace")  # type: ignore[no-untyped-call]  # it has no types
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ReadError("The document is damaged: its codes make no sense.") from error
    title = _TITLE.search(source)
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # it gives halves of rare characters
    return " ".join(title[1].split()) if title else "", whole.replace("\n", "\n\n")
