"""PDF documents, page by page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pypdf import PasswordType, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

from readers.document import Passage
from readers.hash import unreadable
from readers.passages import passages
from schemas import ReadError, ReadOptions

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its remarks come back as ReadError where they matter


def open_pdf(path: Path, options: ReadOptions) -> tuple[dict[str, Any], Iterator[Passage]]:
    """What a PDF says of itself, and its passages, drawn page by page. No passage crosses a page.

    Raises:
        ReadError: It is damaged, or needs a password.
    """
    with pdf_errors():
        reader = PdfReader(path)
        if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
            raise ReadError("The document is encrypted: save a copy without its password.")
        info: dict[str, Any] = {"pages": len(reader.pages)}
        title = reader.metadata.title if reader.metadata is not None else None
    if isinstance(title, str) and title.strip():
        info["title"] = " ".join(title.split())
    return info, _passages(reader, options)


def _passages(reader: PdfReader, options: ReadOptions) -> Iterator[Passage]:
    for number in range(1, len(reader.pages) + 1):
        with pdf_errors():
            text = reader.pages[number - 1].extract_text()
        for part in passages(text, options.passage, options.overlap):
            yield Passage(part, page=number)


@contextmanager
def pdf_errors() -> Iterator[None]:
    """Turn every exception of pypdf inside into a ReadError of one sentence."""
    try:
        yield
    except ReadError:
        raise
    except (DependencyError, FileNotDecryptedError) as error:
        raise ReadError("The document is encrypted: save a copy without its password.") from error
    except LimitReachedError as error:
        raise ReadError("The document unpacks to far more than a document holds: it may be made to do harm.") from error
    except OSError as error:
        raise unreadable(error) from error
    except Exception as error:  # a damaged document raises anything, from KeyError to RecursionError
        raise ReadError("The document is damaged: its pages cannot be read.") from error
