"""Where the time of a run goes, in seconds of work by stage."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = ("scan", "read", "decode", "words", "encode", "write", "fit", "index")
"""scan: the folder looked through and compared; read: bytes read and hashed; decode: pictures, sounds, clips, documents
decoded; words: OCR, transcripts, captions, and terms; fit: bridges and calibration; index: the vector index built."""


class Spent:
    """Seconds by stage.

    Stages go on at the same time, in several threads and processes, so that their sum may exceed the clock's: the one
    with the most is what the others wait for.
    """

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(STAGES, 0.0)
        self._lock = threading.Lock()

    def add(self, stage: str, seconds: float) -> None:
        """Add work that was done."""
        with self._lock:
            self._seconds[stage] += seconds

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """Add the time that what is inside takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - began)

    def seconds(self) -> dict[str, float]:
        """Seconds by stage, of the stages that took any."""
        with self._lock:
            rounded = {stage: round(taken, 3) for stage, taken in self._seconds.items()}
        return {stage: taken for stage, taken in rounded.items() if taken}
