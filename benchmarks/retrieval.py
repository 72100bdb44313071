"""How well the offline encoders find things, and what they cost.

    python -m benchmarks.retrieval [--stamps DIR]

The collection is Tux Paint's stamps (Debian: tuxpaint-stamps-default): pictures in folders by what they show, each
with a caption; sounds that the things make, and the captions spoken in several languages. What is printed:

- Alike: of the five nearest of each thing, how many lie in the same top folder (or are in the same language).
- By words: for how many pictures words find the right one, first or among the first ten. Through captions: the words
  of the file's name are compared with all captions. Through the bridge: a bridge is fitted on four fifths of the
  captioned pictures, and the captions of the others are compared with those pictures; the harder row withholds
  every caption that another picture bears as well.
- Cost: seconds of the processor, on one thread.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders import EncoderSet, load_preset
from fusion.bridge import Bridge
from readers import name_words, read_audio, read_image
from schemas import Modality

STAMPS = Path("/usr/share/tuxpaint/stamps")
SEEDS = (0, 1, 2)
LEFT_OUT = 0.2
RRF_K = 61  # as Qdrant counts; with weight w it is 1 / ((place + 1) / w + 59)
BRIDGED = 0.5  # the weight of what a bridge finds, as in `query.encode`
A_LANGUAGE = 60  # spoken captions taken of each language that has as many
SPOKEN = re.compile(r"_desc_([a-z]{2})$")

Vectors = NDArray[np.float32]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stamps", type=Path, default=STAMPS)
    options, _ = parser.parse_known_args()
    if not options.stamps.is_dir():
        print(
            f"No stamps in {options.stamps}: install tuxpaint-stamps-default, or name their folder with --stamps DIR."
        )
        return
    encoders = load_preset("offline", threads=1)
    pictures(options.stamps, encoders)
    sounds(options.stamps, encoders)


def pictures(stamps: Path, encoders: EncoderSet) -> None:
    """What pictures find each other, and what words find them."""
    paths = sorted(stamps.rglob("*.png"))
    frames = [read_image(path)[0] for path in paths]
    captions = [caption(path) for path in paths]
    images, cost = timed(lambda: encoders["image"].encode(frames, Modality.IMAGE))
    alike("pictures, by top folder", images, [path.relative_to(stamps).parts[0] for path in paths])

    told = [i for i, text in enumerate(captions) if text]
    texts = [captions[i] for i in told]
    words, text_cost = timed(lambda: encoders["text"].encode(texts, Modality.TEXT))
    named = encoders["text"].encode([name_words(paths[i].name) or paths[i].stem for i in told], Modality.TEXT)
    # A picture whose caption is word for word that of the right one is as right.
    by_words("through captions", [places(named @ words.T, texts)], len(told))
    for row, groups in (("through the bridge", list(map(str, told))), ("  no caption twice", texts)):
        found, left_out = [], 0
        for seed in SEEDS:
            asked = split(groups, seed)
            bridge = Bridge.fit(words[~asked], images[told][~asked], source="text", target="image")
            found.append(places(bridge.project(words[asked]) @ images[told][asked].T))
            left_out = int(asked.sum())
        by_words(row, found, left_out)
    like_its_captions(images, words, told, [path.relative_to(stamps).parts[0] for path in paths])
    print(f"cost  {cost / len(frames) * 1e3:.1f} ms a picture, {text_cost / len(texts) * 1e3:.1f} ms a caption")


def like_its_captions(images: Vectors, words: Vectors, told: Sequence[int], labels: Sequence[str]) -> None:
    """What left-out pictures find of their folder: by themselves, and with the words of pictures like them."""
    of = np.array(labels)
    alone, both = [], []
    for seed in SEEDS:
        asked = split(list(map(str, range(len(images)))), seed)
        known = [n for n, i in enumerate(told) if not asked[i]]
        at = np.array([told[n] for n in known])
        bridge = Bridge.fit(images[at], words[known], source="image", target="text", weigh=False)
        found = bridge.project(images[asked]) @ words[known].T
        shown = images[asked] @ images[~asked].T
        place = {int(i): n for n, i in enumerate(np.flatnonzero(~asked))}
        fused = 1 / (RRF_K + ranks(shown))
        fused[:, [place[int(i)] for i in at]] += BRIDGED / (RRF_K * BRIDGED + ranks(found))
        for row, scores in ((alone, shown), (both, fused)):
            nearest = np.argsort(-scores, axis=1, kind="stable")[:, :5]
            row.append(float((of[~asked][nearest] == of[asked][:, None]).mean()))
    for name, row in (("left out, by themselves", alone), ("left out, with words of their like", both)):
        print(f"alike  {name:34}  precision@5 {np.mean(row):.2f} ±{np.std(row):.2f}")


def ranks(scores: NDArray[Any]) -> NDArray[np.intp]:
    """The place from 0 of each column in each row."""
    return np.asarray(np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable"))


def sounds(stamps: Path, encoders: EncoderSet) -> None:
    """What sounds find each other."""
    files = sorted(path for suffix in ("*.ogg", "*.wav") for path in stamps.rglob(suffix))
    effects = [path for path in files if "_desc" not in path.stem]
    spoken = list(by_language(files))
    waves = [read_audio(path) for path in (*effects, *(path for _, path in spoken))]
    vectors, cost = timed(lambda: encoders["audio"].encode(waves, Modality.AUDIO))
    alike("sounds of things, by top folder", vectors[: len(effects)], [p.relative_to(stamps).parts[0] for p in effects])
    told = [n for n, path in enumerate(effects) if caption(path)]
    texts = [caption(effects[n]) for n in told]
    words = encoders["text"].encode(texts, Modality.TEXT)
    found, left_out = [], 0
    for seed in SEEDS:
        asked = split(list(map(str, told)), seed)
        bridge = Bridge.fit(words[~asked], vectors[told][~asked], source="text", target="audio")
        found.append(places(bridge.project(words[asked]) @ vectors[told][asked].T))
        left_out = int(asked.sum())
    by_words("sounds, through the bridge", found, left_out)
    alike("spoken captions, by language", vectors[len(effects) :], [language for language, _ in spoken])
    seconds = sum(map(len, waves)) / 16_000
    window = np.resize(np.concatenate(waves), 6 * 16_000).astype(np.float32)
    _, long_cost = timed(lambda: encoders["audio"].encode([window] * 50, Modality.AUDIO))
    print(f"cost  {cost / len(waves) * 1e3:.1f} ms a sound ({seconds / len(waves):.1f} s each), ", end="")
    print(f"{long_cost / 50 * 1e3:.1f} ms a window of 6 s")


def caption(path: Path) -> str:
    """The first line of the text beside a picture, or ""."""
    beside = path.with_suffix(".txt")
    return beside.read_text("utf-8", errors="replace").partition("\n")[0].strip() if beside.exists() else ""


def by_language(files: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """`A_LANGUAGE` spoken captions of each language that has as many, spread over the folders."""
    found: dict[str, list[Path]] = {}
    for path in files:
        if match := SPOKEN.search(path.stem):
            found.setdefault(match[1], []).append(path)
    for language, paths in sorted(found.items()):
        for i in range(A_LANGUAGE if len(paths) >= A_LANGUAGE else 0):
            yield language, paths[i * len(paths) // A_LANGUAGE]


def alike(name: str, vectors: Vectors, labels: Sequence[str]) -> None:
    """Print the precision among the five nearest, and what it would be by lot."""
    of = np.array(labels)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    precision = float((of[nearest] == of[:, None]).mean())
    lot = sum(count * (count - 1) for count in Counter(labels).values()) / len(labels) / (len(labels) - 1)
    print(f"alike  {name:34}  precision@5 {precision:.2f}  (by lot {lot:.2f}; {len(labels)} in {len(set(labels))})")


def by_words(name: str, found: Sequence[NDArray[np.intp]], pool: int) -> None:
    """Print the recall of each seed's places: mean, and spread where there are several."""
    shown = []
    for top in (1, 10):
        recalls = [float((place < top).mean()) for place in found]
        spread = f" ±{np.std(recalls):.2f}" if len(recalls) > 1 else ""
        shown.append(f"recall@{top} {np.mean(recalls):.2f}{spread} (by lot {top / pool:.2f})")
    print(f"by words  {name:31}  {'  '.join(shown)}; among {pool}")


def places(scores: NDArray[Any], same: Sequence[str] | None = None) -> NDArray[np.intp]:
    """The place from 0 of the right one in each row: column i for row i, or any that is the `same`."""
    right = np.diag(scores).copy()
    if same is not None:
        equal = np.array(same)[:, None] == np.array(same)
        right = np.where(equal, scores, -np.inf).max(axis=1)
    return np.asarray((scores > right[:, None]).sum(axis=1))


def split(groups: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """Which are left out: whole groups, `LEFT_OUT` of them."""
    names = sorted(set(groups))
    chosen = np.random.default_rng(seed).permutation(len(names))[: round(LEFT_OUT * len(names))]
    left_out = {names[i] for i in chosen}
    return np.array([group in left_out for group in groups])


def timed(work: Callable[[], Vectors]) -> tuple[Vectors, float]:
    """What `work` makes the second time (the first loads), and its seconds of the processor."""
    work()
    started = time.process_time()
    made = work()
    return made, time.process_time() - started


if __name__ == "__main__":
    main()
