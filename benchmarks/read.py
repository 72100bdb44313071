"""Files a second by format, as a ratio to the bare calls of the library that decodes them.

A bare call does the same decoding (the same size of picture, the same seconds of film, the same rate of sound) and
nothing else: it trusts the file, and looks for neither words nor scenes. All run in this process, interleaved.

No library both opens texts and cuts them, so these have two ratios: to what people put together of libraries
(see `benchmarks.libraries`), and to a floor, a dozen lines that pack whole sentences into passages as long as Medley's,
with the same overlap. Offsets, headings, encodings, and words in scripts without spaces are not in those lines.

    python -m benchmarks.read [--rounds 7] [--seconds 0.5] [--only jpg,mp4]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks import bare
from benchmarks.libraries import library_call
from readers import found_file, read
from tests import media, office

Bare = Callable[[Path], object]
GOAL = 0.9
TEXTS = ("txt", "md", "html", "json", "docx")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each side in each round")
    parser.add_argument("--cpu", action="store_true", help="measure seconds of the processor: for a busy machine")
    parser.add_argument("--only", default="", help="formats, separated by commas")
    options, _ = parser.parse_known_args()
    absent = False
    wanted = options.only.split(",") if options.only else []
    print(f"{'':6}{'files/s':>10}{'library':>9}{'floor':>8}   (the quickest of {options.rounds} interleaved rounds)")
    with tempfile.TemporaryDirectory() as folder:
        for path, call in files(Path(folder)):
            if wanted and path.suffix[1:] not in wanted:
                continue
            clock = time.process_time if options.cpu else time.perf_counter
            library = library_call(path.suffix[1:])
            text = path.suffix[1:] in TEXTS
            rate, ratios = compare(
                path, [*([library] if library else []), call], options.rounds, options.seconds, clock
            )
            cells = [f"{ratio:.2f}" for ratio in ratios]
            if not text:
                cells += [""]
            elif not library:
                cells.insert(0, "absent")
                absent = True
            below = "" if ratios[0] >= GOAL else f"   below the goal of {GOAL}"
            print(f"{_label(path):6}{rate:10.1f}{cells[0]:>9}{cells[1]:>8}{below}", flush=True)
    if absent:
        print("absent: pip install semantic-text-splitter python-docx")


def _label(path: Path) -> str:
    return path.stem if path.stem == "note" else path.suffix[1:]


def compare(
    path: Path, calls: Sequence[Bare], rounds: int, seconds: float, clock: Callable[[], float]
) -> tuple[float, list[float]]:
    """Files a second that Medley reads, and the ratio to each of the calls, in the quickest round of each.

    What else runs on a machine makes a round slower and never quicker.
    """
    found = found_file(path)

    def ours(path: Path) -> object:
        return [segment.number for segment in read(path, found).segments]

    def timed(call: Bare, count: int) -> float:
        began = clock()
        for _ in range(count):
            call(path)
        return clock() - began

    count = max(1, int(seconds / max(*(timed(call, 1) for call in (ours, *calls)), 1e-6)))
    times = [[timed(call, count) for call in (ours, *calls)] for _ in range(rounds)]
    mine, *others = map(min, zip(*times, strict=True))
    return count / mine, [theirs / mine for theirs in others]


def files(folder: Path) -> list[tuple[Path, Bare]]:
    """A file of each format, of a size that people have, with the bare call that decodes it."""
    made: list[tuple[Path, Bare]] = []
    photo = photograph(2000, 1500)
    for suffix in ("jpg", "png", "webp", "avif", "heic", "gif", "tiff", "bmp", "jp2"):
        path = media.picture(folder / f"a.{suffix}", size=(8, 6))  # registers the plugin
        photo.save(path)
        made.append((path, bare.picture))
    made.append((media.dng(folder / "a.dng", size=(2000, 1500)), bare.raw))
    made.append((media.psd(folder / "a.psd", size=(2000, 1500)), bare.picture))
    made.append((media.svg(folder / "a.svg"), bare.drawing))
    for suffix in ("wav", "flac", "mp3", "ogg", "m4a", "opus", "wma"):
        made.append((media.tone(folder / f"b.{suffix}", 30.0, rate=44_100), bare.sound))
    for suffix in ("mp4", "mkv", "webm", "mov", "avi"):
        path = media.clip(folder / f"c.{suffix}", ("red", "blue", "green"), 5.0, rate=25, size=(640, 360), gop=50)
        made.append((path, bare.film))
    made += documents(folder)
    return made


def documents(folder: Path) -> list[tuple[Path, Bare]]:
    """Documents of some pages, and a note of two lines."""
    line = "The lighthouse keeper climbs the stairs at dusk and lights the lamp for the ships at sea."
    text = "\n\n".join(" ".join([line] * 5) for _ in range(40))
    page = "<html><body>" + "".join(f"<h2>Part</h2><p>{part}</p>" for part in text.split("\n\n")) + "</body></html>"
    parts = json.dumps({"parts": text.split("\n\n")})
    for name, source in {"d.txt": text, "d.md": text, "d.html": page, "d.json": parts, "note.txt": f"{line}\n"}.items():
        (folder / name).write_text(source, encoding="utf-8")
    return [
        (folder / "note.txt", bare.text),
        (folder / "d.txt", bare.text),
        (folder / "d.md", bare.text),
        (folder / "d.html", bare.page),
        (folder / "d.json", bare.values),
        (media.pdf(folder / "d.pdf", ["\n".join([line] * 40)] * 10), bare.pdf),
        (office.docx(folder / "d.docx", [("Part", part) for part in text.split("\n\n")]), bare.docx),
    ]


def photograph(width: int, height: int) -> media.Image.Image:
    """Soft shapes with grain: a picture that packs about as well as a photograph."""
    rng = np.random.default_rng(7)
    soft = media.Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    grain = rng.normal(0, 4, (height, width, 3))
    pixels = np.asarray(soft.resize((width, height), media.Image.Resampling.BICUBIC), dtype=np.float32) + grain
    return media.Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
