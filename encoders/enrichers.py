"""Enrichers: what turns media into words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas import EncodeError, UnknownNameError, WordKind

MODES = ("auto", "always", "off")


class Enricher(ABC):
    """Turns pictures into words.

    Attributes:
        name: under which the payload keeps the fingerprint.
        kind: of the words it finds.
        fingerprint: equal fingerprints find the same words in the same picture.
    """

    name: str
    kind: WordKind
    fingerprint: str

    @abstractmethod
    def words(self, frames: Sequence[NDArray[np.uint8]]) -> list[str]:
        """The words in each picture, RGB uint8 (height, width, 3); "" where there are none.

        Raises:
            EncodeError: what it needs is not installed, or a picture cannot be read.
        """


def load_enrichers(ocr: str, *, threads: int = 0) -> list[Enricher]:
    """The enrichers for a setting, none of them loaded yet.

    Args:
        ocr: "auto" reads pictures that seem to hold words, if OCR is installed; "always" reads every picture; "off".
        threads: threads a model may use; 0: chosen for the machine.

    Raises:
        UnknownNameError: there is no such mode.
        EncodeError: "always", and OCR is not installed.
    """
    from encoders.ocr import MISSING, OcrEnricher, installed

    if ocr not in MODES:
        raise UnknownNameError("mode of OCR", ocr, MODES)
    if ocr == "off":
        return []
    if not installed():
        if ocr == "auto":
            return []
        raise EncodeError(MISSING)
    return [OcrEnricher(gated=ocr == "auto", threads=threads)]
