"""What somebody would write who needs the pixels, the samples or the text of one good file, and nothing else."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import av
import numpy as np
import pypdfium2
import rawpy
from PIL import Image
from resvg_py import svg_to_bytes
from selectolax.lexbor import LexborHTMLParser

from schemas import ReadOptions

OPTIONS = ReadOptions()
STEP = 0.5  # seconds between two frames of a film
_PARAGRAPH, _SENTENCE = re.compile(r"\n\s*\n"), re.compile(r"(?<=[.!?])\s+")
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _small(image: Image.Image) -> np.ndarray:
    side = OPTIONS.image_side
    if image.format == "JPEG":
        image.draft("RGB", (side, side))
    elif image.format == "JPEG2000":
        image.reduce = int(np.log2(max(image.size) / side))
        image.load()
    if image.mode == "P":  # a palette cannot be made small well
        image = image.convert("RGB")
    image.thumbnail((side, side))
    return np.array(image.convert("RGB"))


def picture(path: Path) -> np.ndarray:
    """A picture as RGB, as small as Medley makes it."""
    with Image.open(path) as image:
        return _small(image)


def raw(path: Path) -> np.ndarray:
    """The preview in a camera raw file."""
    with rawpy.imread(str(path)) as file, Image.open(BytesIO(file.extract_thumb().data)) as image:
        return _small(image)


def drawing(path: Path) -> np.ndarray:
    """A drawing as RGB."""
    side = OPTIONS.image_side
    drawn = svg_to_bytes(svg_path=str(path), width=side, height=side, dpi=96, skip_system_fonts=True)
    return np.array(Image.open(BytesIO(drawn)).convert("RGB"))


def sound(path: Path) -> np.ndarray:
    """A recording as mono samples."""
    with av.open(str(path)) as container:
        return _samples(container)


def _samples(container: av.container.InputContainer) -> np.ndarray:
    resampler = av.AudioResampler("flt", "mono", OPTIONS.sample_rate, OPTIONS.sample_rate // 4)
    blocks = [block for frame in container.decode(audio=0) for block in resampler.resample(frame)]
    blocks += resampler.resample(None)
    return np.concatenate([block.to_ndarray().reshape(-1) for block in blocks])


def film(path: Path) -> list[np.ndarray]:
    """The frames of a film that lie half a second apart, and its sound."""
    frames = []
    due = 0.0
    with av.open(str(path)) as container, av.open(str(path)) as second:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = "AUTO", 2
        stream.codec_context.skip_frame = "NONREF"
        keys = [entry.timestamp * stream.time_base for entry in stream.index_entries if entry.is_keyframe]
        if len(keys) >= 10 and max(np.diff(keys)) <= 2:
            stream.codec_context.skip_frame = "NONKEY"
        for frame in container.decode(stream):
            if frame.time >= due:
                due = frame.time + STEP
                side = min(1.0, OPTIONS.image_side / max(frame.width, frame.height))
                small = frame.reformat(round(frame.width * side), round(frame.height * side), "rgb24")
                frames.append(small.to_ndarray())
        return [*frames, _samples(second)]


def text(path: Path) -> list[str]:
    """A text, in passages."""
    return _passages(path.read_text(encoding="utf-8"))


def page(path: Path) -> list[str]:
    """The text of a web page, in passages."""
    return _passages(LexborHTMLParser(path.read_text(encoding="utf-8")).body.text(separator="\n\n"))


def values(path: Path) -> list[str]:
    """The strings of a JSON document, in passages."""
    return _passages("\n\n".join(json.loads(path.read_text(encoding="utf-8"))["parts"]))


def docx(path: Path) -> list[str]:
    """The text of a document, in passages."""
    with ZipFile(path) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    return _passages("\n\n".join("".join(part.itertext()) for part in root.iter(f"{_WORD}p")))


def _passages(text: str) -> list[str]:
    """Passages of whole sentences, neighbours sharing some: what a splitter of texts does, without any offsets."""
    made: list[str] = []
    held: list[tuple[str, int]] = []
    count = 0
    for paragraph in _PARAGRAPH.split(text):
        for sentence in _SENTENCE.split(paragraph):
            words = sentence.split()
            if held and count + len(words) > OPTIONS.passage:
                made.append(" ".join(part for part, _ in held))
                kept, count = len(held), 0
                while kept > 1 and count + held[kept - 1][1] <= OPTIONS.overlap:
                    kept -= 1
                    count += held[kept][1]
                held = held[kept:]
            held.append((" ".join(words), len(words)))
            count += len(words)
    return [*made, " ".join(part for part, _ in held)]


def pdf(path: Path) -> list[tuple[str, np.ndarray]]:
    """The text and the picture of each page."""
    pages = []
    with pypdfium2.PdfDocument(path) as document:
        for page in document:
            width, height = page.get_size()
            text = page.get_textpage().get_text_range()
            pages.append(
                (text, page.render(scale=OPTIONS.page_side / max(width, height), rev_byteorder=True).to_numpy())
            )
    return pages
