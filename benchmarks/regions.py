"""Whether a part of a picture finds the picture better by its regions than by the whole.

    python -m benchmarks.regions [--stamps DIR] [--seed 0]

Each captioned stamp is asked for by a part of it, drawn by lot: so much of its sides. `visual` compares one vector of
each, `tiles` several, by MaxSim. Intervals at 95 % and tests (paired randomisation) are drawn over folders.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.retrieval import STAMPS, caption
from fusion.evaluation import compare, summarize
from fusion.training import own_ranks

SHARES = (0.75, 0.5, 0.35)  # of both sides
ROWS = 64  # questions compared at a time


def part(frame: NDArray[np.uint8], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A part of a picture with so much of its sides, wherever."""
    height, width = frame.shape[:2]
    h, w = max(1, int(share * height)), max(1, int(share * width))
    y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    return frame[y : y + h, x : x + w]


def maxsim(asked: NDArray[Any], found: NDArray[Any]) -> NDArray[Any]:
    """Of several vectors each, (n, k, dim) and (m, l, dim): (n, m)."""
    flat = found.reshape(-1, found.shape[-1])
    scores = [
        (some.reshape(-1, some.shape[-1]) @ flat.T).reshape(*some.shape[:2], len(found), -1).max(axis=3).sum(axis=1)
        for some in np.array_split(asked, max(1, len(asked) // ROWS))
    ]
    return np.concatenate(scores)


def table(folder: Path, seed: int = 0) -> str:
    """As Markdown."""
    from encoders.tiles import TilesEncoder
    from encoders.visual import VisualEncoder
    from readers import read_image
    from schemas import Modality

    paths = [path for path in sorted(folder.rglob("*.png")) if caption(path)]
    frames = [read_image(path)[0] for path in paths]
    folders = [str(path.parent) for path in paths]
    whole, tiles, rng = VisualEncoder(threads=1), TilesEncoder(threads=1), np.random.default_rng(seed)
    took: dict[str, float] = {}

    def encoded(name: str, encoder: Any, pictures: Any) -> NDArray[Any]:
        encoder.load()
        began = time.process_time()
        made = np.stack(encoder.encode(pictures, Modality.IMAGE))
        took[name] = (time.process_time() - began) / len(pictures)
        return made

    stored = {"visual": encoded("visual", whole, frames), "tiles": encoded("tiles", tiles, frames)}
    lines = ["| part | visual, MRR | tiles, MRR | difference |", "| --- | ---: | ---: | ---: |"]
    for share in SHARES:
        asked = [part(frame, share, rng) for frame in frames]
        ranks = {
            "visual": own_ranks(encoded("visual", whole, asked) @ stored["visual"].T),
            "tiles": own_ranks(maxsim(encoded("tiles", tiles, asked), stored["tiles"])),
        }
        means = [summarize({"mrr": values}, folders).means["mrr"] for values in ranks.values()]
        found = compare(ranks["visual"], ranks["tiles"], folders)
        sure = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
        cells = [f"{one.mean:.3f} [{one.low:.2f}, {one.high:.2f}]" for one in means]
        lines.append(f"| {share:.0%} of the sides | {' | '.join(cells)} | {found.difference.mean:+.3f}, {sure} |")
    spent = ", ".join(f"{name} {1000 * seconds:.1f}" for name, seconds in took.items())
    return "\n".join([*lines, "", f"{len(paths)} pictures; ms of one core a picture: {spent}"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stamps", type=Path, default=STAMPS)
    parser.add_argument("--seed", type=int, default=0)
    options, _ = parser.parse_known_args()
    print(table(options.stamps, options.seed), flush=True)


if __name__ == "__main__":
    main()
