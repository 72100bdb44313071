"""The words in a picture, read by RapidOCR, whose PP-OCR models come with its package.

Reading a picture in full takes some 0.4 s of a core, and most pictures hold no words. So a gate of three steps stands
before it, each dearer than the one before and asked by fewer pictures:

1. Strokes: a line of writing has many strong edges, up and down in turn, close together (1 ms).
2. Detector: the OCR's own, on a small copy of the picture, with a low threshold, for boxes of a line's shape (15 ms).
   By itself it takes every drawn thing on white for a letter.
3. Recogniser: the most likely of those boxes must hold two letters or digits (15 ms each).

Where the strokes are very dense and the small copy shows no words, the detector looks at the densest place once more,
closely: a page of print is a grey texture in a small copy.

A picture without words costs 20 ms on average, and one in fifty of them is read in full for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders.enrichers import MODES, Enricher
from encoders.running import Running
from encoders.threads import thread_count
from schemas import EncodeError, UnknownNameError, WordKind

if TYPE_CHECKING:
    from rapidocr import RapidOCR

MISSING = "Reading the words in pictures needs packages that are not installed. Run: pip install 'medley[ocr]'"

MIN_SCORE = 0.7  # of a line that is kept: what is read into ornaments scores less
MIN_LETTERS = 2  # letters or digits of a line that is kept: a single one is mostly a drawn thing
MIN_SIDE = 16  # pixels; in less, nothing is legible
READ_SIDES = (960, 1280)  # pixels of the longest side that is read: smaller pictures are enlarged, larger ones reduced
READ_UPSCALE = 3.0  # at most

STROKE_SIDES = (640, 256, 128, 64)  # pixels of the longest side: writing of any size is small in one of them
STROKE_EDGE = 25  # step of brightness between neighbours, of 255
STROKE_WINDOW = (28, 7)  # pixels: a part of a line, and its height
STROKES = 2.6  # rising and falling edges a row of the window, each
MANY_STROKES = 5.0  # from which on a closer look is worth its time

GATE_SIDE = 224  # pixels of the longest side that the gate's detector sees
GATE_UPSCALE = 3.0  # at most: the detector needs letters of some ten pixels
GATE_CLOSE = (150, 100)  # pixels of the densest place that are looked at closely, at the size it was found in
GATE_DETECTOR = {"Det.thresh": 0.15, "Det.box_thresh": 0.1}  # half of the usual, for on a small copy all is faint
# The size of a picture is chosen here. By default the shorter side is brought to 736 pixels: a strip of 16 x 900 would
# become one of 736 x 41,400, and be read for a minute.
AS_GIVEN = {"Det.limit_type": "max", "Det.limit_side_len": READ_SIDES[1]}
GATE_LONG = 1.2  # length to height of a box that may be a line of two letters
GATE_HIGH = 0.6  # its height, in parts of the picture's shorter side
GATE_BOXES = 3  # that are read
GATE_SCORE = 0.5

Picture = NDArray[np.uint8]


def installed() -> bool:
    """Whether the packages are there that OCR needs."""
    return all(find_spec(package) for package in ("rapidocr", "onnxruntime", "cv2"))


def from_setting(mode: str, running: Running) -> Enricher | None:
    """OCR for a setting: "auto" reads pictures that seem to hold words, if OCR is installed; "always" every picture.

    Raises:
        UnknownNameError: there is no such mode.
        EncodeError: "always", and OCR is not installed.
    """
    if mode not in MODES:
        raise UnknownNameError("mode of OCR", mode, MODES)
    if not installed():
        if mode == "auto":
            return None
        raise EncodeError(MISSING)
    return OcrEnricher(gated=mode == "auto", threads=running.threads)


class OcrEnricher(Enricher):
    """Reads the words in pictures.

    Args:
        gated: read only pictures that seem to hold words.
        threads: threads a model may use; 0: chosen for the machine.
    """

    name = "ocr"
    kind = WordKind.OCR

    def __init__(self, *, gated: bool = True, threads: int = 0) -> None:
        self.gated = gated
        self.fingerprint = f"ocr-ppocrv6-2-{'auto' if gated else 'always'}"
        self._preparing, self._prepared = Lock(), False
        self._reader = _Engine(threads, {"Global.text_score": MIN_SCORE, **AS_GIVEN})
        self._gate = _Engine(
            threads,
            {
                **AS_GIVEN,
                **GATE_DETECTOR,
                "Rec.rec_img_shape": [3, 48, 160],  # half the usual width: a short word is not filled up to a long one
                "Global.text_score": 0.0,
            },
        )

    def words(self, frames: Sequence[Picture]) -> list[str]:
        """The words in each picture, a line each, in the order of reading."""
        self.load()
        return [self._words(np.ascontiguousarray(frame)) for frame in frames]

    def load(self) -> None:
        """Import OpenCV, once: while one thread does, others must not even look for it."""
        with self._preparing:
            if self._prepared:
                return
            if not installed():
                raise EncodeError(MISSING)
            import cv2  # noqa: F401  (its import replaces itself half-way, which no other thread may see)

            self._prepared = True

    def has_words(self, picture: Picture) -> bool:
        """Whether a picture seems to hold words: the gate."""
        if min(picture.shape[:2]) < MIN_SIDE:
            return False
        strokes = densest_strokes(picture)
        if strokes.density < STROKES:
            return False
        return self._shows_words(picture) or (
            strokes.density >= MANY_STROKES and self._shows_words(strokes.surroundings(picture))
        )

    def _shows_words(self, picture: Picture) -> bool:
        lines = self._gate.detect(picture)[:GATE_BOXES]
        return any(_is_word(text) and score >= GATE_SCORE for text, score in map(self._gate.recognise, lines))

    def _words(self, picture: Picture) -> str:
        if min(picture.shape[:2]) < MIN_SIDE or (self.gated and not self.has_words(picture)):
            return ""
        return "\n".join(line for line in self._reader.read(picture) if _is_word(line))


class _Engine:
    """A RapidOCR, loaded when it is first used, used by one thread at a time (it keeps its options in itself)."""

    def __init__(self, threads: int, options: dict[str, Any]) -> None:
        self.threads, self.options = threads, options
        self._engine: RapidOCR | None = None
        self._lock = Lock()

    def read(self, picture: Picture) -> list[str]:
        """The lines of a picture."""
        longest = max(picture.shape[:2])
        scale = min(READ_SIDES[1] / longest, max(1.0, min(READ_UPSCALE, READ_SIDES[0] / longest)))
        return list(self._ask(_resized(picture, scale), det=True, cls=True, rec=True).txts or ())

    def detect(self, picture: Picture) -> list[Picture]:
        """Parts of a picture that have the shape of a line, most likely first."""
        height, width = picture.shape[:2]
        scale = min(GATE_UPSCALE, GATE_SIDE / max(height, width))
        found = self._ask(_resized(picture, scale), det=True, cls=False, rec=False)
        if found.boxes is None:
            return []
        likely = sorted(zip(found.scores, found.boxes, strict=True), key=lambda one: -float(one[0]))
        corners = [np.asarray(box) / scale for _, box in likely]
        return [_cut(picture, box) for box in corners if _is_line(box, min(height, width))]

    def recognise(self, line: Picture) -> tuple[str, float]:
        """What a line says, and how sure that is."""
        found = self._ask(line, det=False, cls=False, rec=True)
        return (found.txts[0], float(found.scores[0])) if found.txts else ("", 0.0)

    def _ask(self, picture: Picture, *, det: bool, cls: bool, rec: bool) -> Any:
        with self._lock:
            if self._engine is None:
                self._engine = self._load()
            blue_first = np.ascontiguousarray(picture[:, :, ::-1])
            try:
                return self._engine(blue_first, use_det=det, use_cls=cls, use_rec=rec)
            except Exception as error:
                # The libraries below (OpenCV, ONNX Runtime, Shapely) raise each their own.
                raise EncodeError(f"A picture of {picture.shape} cannot be read for words: {error}.") from error

    def _load(self) -> RapidOCR:
        from rapidocr import RapidOCR

        return RapidOCR(
            params={
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": thread_count(self.threads),
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                **self.options,
            }
        )


@dataclass(frozen=True)
class Strokes:
    """Where in a picture edges rise and fall closest together.

    Attributes:
        density: rising (or falling, if these are fewer) edges a row of the window.
        x: of the window's middle, in parts of the picture's width.
        y: the same, of its height.
        side: of the picture in which it was found, pixels.
    """

    density: float
    x: float = 0.5
    y: float = 0.5
    side: int = 0

    def surroundings(self, picture: Picture) -> Picture:
        """The part of the picture around the place."""
        height, width = picture.shape[:2]
        scale = max(height, width) / self.side
        half = [int(length * scale / 2) for length in GATE_CLOSE]
        left, top = max(0, int(self.x * width) - half[0]), max(0, int(self.y * height) - half[1])
        return picture[top : top + 2 * half[1], left : left + 2 * half[0]]


def densest_strokes(picture: Picture) -> Strokes:
    """The place in a picture that is most like writing."""
    import cv2

    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    best = Strokes(0.0)
    for side in STROKE_SIDES:
        grey = _resized(np.asarray(grey, np.uint8), min(1.0, side / max(grey.shape)))
        rising = cv2.subtract(grey[:, 1:], grey[:, :-1]) > STROKE_EDGE
        falling = cv2.subtract(grey[:, :-1], grey[:, 1:]) > STROKE_EDGE
        in_turn = np.minimum(_density(rising), _density(falling))
        row, column = divmod(int(in_turn.argmax()), in_turn.shape[1])
        density = float(in_turn[row, column]) / STROKE_WINDOW[1]
        if density > best.density:
            best = Strokes(density, column / grey.shape[1], row / grey.shape[0], max(grey.shape))
    return best


def _density(edges: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How many edges begin in the window around each pixel."""
    import cv2

    begins = edges.copy()
    begins[:, 1:] &= ~edges[:, :-1]  # an edge three pixels wide is one edge
    counted = cv2.boxFilter(
        begins.view(np.uint8), cv2.CV_32F, STROKE_WINDOW, normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return np.asarray(counted, np.float32)


def _resized(picture: Picture, scale: float) -> Picture:
    import cv2

    if scale == 1.0:
        return picture
    height, width = picture.shape[:2]
    size = max(MIN_SIDE, round(width * scale)), max(MIN_SIDE, round(height * scale))
    return np.asarray(
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8
    )


def _is_line(box: NDArray[np.floating[Any]], shorter: int) -> bool:
    sides = [float(np.linalg.norm(b - a)) for a, b in pairwise([*box, box[0]])]
    low, high = sorted(((sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2))
    return high >= GATE_LONG * max(low, 1.0) and low <= GATE_HIGH * shorter


def _cut(picture: Picture, box: NDArray[np.floating[Any]]) -> Picture:
    margin = 2  # pixels: a cut letter is another letter
    left, top = np.maximum(np.floor(box.min(axis=0)).astype(int) - margin, 0)
    right, bottom = np.ceil(box.max(axis=0)).astype(int) + margin
    return picture[top:bottom, left:right]


def _is_word(line: str) -> bool:
    return sum(character.isalnum() for character in line) >= MIN_LETTERS
