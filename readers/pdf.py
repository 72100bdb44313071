"""PDF documents, page by page: the words and the picture of each, with PDFium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from readers.hash import unreadable
from readers.text import without_control
from schemas import ReadError, ReadOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_ONE_AT_A_TIME = Lock()  # PDFium is not made for threads, not even for two documents
_BROKEN_WORD = re.compile("[\x02\ufffe]\n?")  # what PDFium puts where a word is broken at the end of a line

_LEADERS = re.compile(r"(?: ?\.){5,}")  # the dots between an entry of a table of contents and its page


class Pdf:
    """An open document. `title` is what it says of itself, "" if nothing.

    Raises:
        ReadError: It is damaged, needs a password, or claims more than `options.max_pages`.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.options = options
        with _pdfium():
            # By a file of ours: PDFium would stumble over names that are no UTF-8, and reads no more than it needs.
            self._document = pdfium.PdfDocument(path.open("rb"), autoclose=True)
            self.pages = len(self._document)
            self.title = " ".join(without_control(self._document.get_metadata_dict().get("Title", "")).split())
        if self.pages > options.max_pages:
            self.close()
            raise ReadError(f"The document claims {self.pages:,} pages, more than the {options.max_pages:,} allowed.")

    def close(self) -> None:
        """Let go of the file."""
        with _ONE_AT_A_TIME:
            self._document.close()

    def read(self) -> Iterator[tuple[int, str, Pixels | None]]:
        """Number, text and picture of each page; None where it shows nothing.

        Raises:
            ReadError: A page is damaged.
        """
        try:
            for number in range(1, self.pages + 1):
                with _pdfium(), self._page(number) as page:
                    text = _text(page)
                    pixels = _picture(page, self.options.page_side if text.strip() else self.options.scan_side)
                blank = not text.strip() and pixels.min() == pixels.max()
                yield number, text, None if blank else pixels
        finally:
            self.close()

    def picture(self, number: int, side: int) -> Pixels:
        """The picture of one page.

        Raises:
            ReadError: It is damaged, or there is none of this number.
        """
        with _pdfium(), self._page(number) as page:
            return _picture(page, side)

    @contextmanager
    def _page(self, number: int) -> Iterator[Any]:
        page = self._document[number - 1]
        try:
            yield page
        finally:
            page.close()


def _text(page: Any) -> str:
    text = page.get_textpage()
    try:
        words = _BROKEN_WORD.sub("", text.get_text_range().replace("\r\n", "\n"))
        return without_control(_LEADERS.sub(" … ", words) if "....." in words or ". . . . ." in words else words)
    finally:
        text.close()


def _picture(page: Any, side: int) -> Pixels:
    width, height = page.get_size()
    bitmap = page.render(scale=side / max(width, height, 1.0), rev_byteorder=True, limit_image_cache=True)
    try:
        return np.ascontiguousarray(bitmap.to_numpy()[..., :3])  # its memory is Python's, and stays
    finally:
        bitmap.close()


@contextmanager
def _pdfium() -> Iterator[None]:
    """PDFium for one thread, and every exception inside as a ReadError of one sentence."""
    try:
        with _ONE_AT_A_TIME:
            yield
    except ReadError:
        raise
    except OSError as error:
        raise unreadable(error) from error
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise ReadError("The document is encrypted: save a copy without its password.") from error
        if error.err_code == pdfium_c.FPDF_ERR_SECURITY:
            raise ReadError("The document is encrypted in a way that cannot be opened here.") from error
        raise ReadError("The document is damaged: its pages cannot be read.") from error
    except MemoryError as error:
        raise ReadError("The document claims more memory than there is: it is damaged, or made to do harm.") from error
    except (ArithmeticError, LookupError, ValueError) as error:
        raise ReadError("The document is damaged: its pages cannot be read.") from error
