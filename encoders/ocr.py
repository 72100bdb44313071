"""Enrichers: what turns media into words. Here: the words in a picture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib.util import find_spec
from threading import Lock
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from encoders.threads import thread_count
from schemas import EncodeError, UnknownNameError, WordKind

MISSING = "Reading the words in pictures needs packages that are not installed. Run: pip install 'medley[ocr]'"
MODES = ("auto", "always", "off")


class Enricher(ABC):
    """Turns pictures into words."""

    name: ClassVar[str]
    fingerprint: ClassVar[str]
    kind: ClassVar[WordKind]

    @abstractmethod
    def words(self, frames: Sequence[NDArray[np.uint8]]) -> list[str]:
        """The words in each picture, RGB uint8 (height, width, 3); "" where there are none.

        Raises:
            EncodeError: what it needs is not installed, or a picture cannot be read.
        """


class OcrEnricher(Enricher):
    """Reads the words in pictures with RapidOCR's PP-OCR models, which come with its package."""

    name = "ocr"
    fingerprint = "ocr-ppocrv6-1"
    kind = WordKind.OCR

    def __init__(self, *, gated: bool = True, threads: int = 0) -> None:
        self.gated = gated
        self.threads = thread_count(threads)
        self._engine: Any = None
        self._loading = Lock()

    def words(self, frames: Sequence[NDArray[np.uint8]]) -> list[str]:
        """The words in each picture, its lines from top to bottom."""
        engine = self._load()
        return [self._read(engine, frame) for frame in frames]

    def _load(self) -> Any:
        with self._loading:
            if self._engine is None:
                try:
                    from rapidocr import RapidOCR
                except ImportError as error:
                    raise EncodeError(MISSING) from error
                self._engine = RapidOCR(
                    params={
                        "Global.log_level": "critical",
                        "EngineConfig.onnxruntime.intra_op_num_threads": self.threads,
                        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                    }
                )
        return self._engine

    @staticmethod
    def _read(engine: Any, frame: NDArray[np.uint8]) -> str:
        found = engine(np.ascontiguousarray(frame[:, :, ::-1]))
        return "\n".join(found.txts or ())


def load_enrichers(ocr: str, *, threads: int = 0) -> list[Enricher]:
    """The enrichers for a setting.

    Args:
        ocr: "auto" reads pictures that seem to hold words, if OCR is installed; "always" reads every picture; "off".
        threads: threads a model may use; 0: chosen for the machine.

    Raises:
        UnknownNameError: there is no such mode.
        EncodeError: "always", and OCR is not installed.
    """
    if ocr not in MODES:
        raise UnknownNameError("mode of OCR", ocr, MODES)
    if ocr == "off":
        return []
    if not _installed():
        if ocr == "auto":
            return []
        raise EncodeError(MISSING)
    return [OcrEnricher(gated=ocr == "auto", threads=threads)]


def _installed() -> bool:
    return all(find_spec(package) for package in ("rapidocr", "onnxruntime"))
