"""Damages files of every kind in thousands of ways, and reads what is left as a run does.

    python -m tests.soak.readers [--mutants 3000] [--seed 1]

Every mutant has to end as read, or as refused with a sentence, within the limits of time and memory, and the files
after it have to be read. The same seed makes the same mutants.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from readers import Closed, IsolatedReader, Job, found_file
from schemas import ReadError, ReadOptions
from schemas.limits import ReadLimits
from tests.damage import mutants
from tests.media import OLD_FILM_NAMES, RARE_RECORDINGS, clip, make_media, tone

GROUP = 16  # mutants that go to a child together, as small files do in a run
SLOW = 20.0  # seconds for a group that are worth a line


def main() -> int:
    """Returns 1 if a mutant did not end as it has to."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--mutants", type=int, default=3000)
    given.add_argument("--seed", type=int, default=1)
    options = given.parse_args()
    ends: Counter[str] = Counter()
    wrong: list[str] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, IsolatedReader(ReadOptions(), ReadLimits()) as reader:
        media = make_media(Path(folder) / "media")
        media |= {f"old {name}": clip(Path(folder) / "old" / name, rate=25) for name in OLD_FILM_NAMES}
        media |= {f"rare {name}": tone(Path(folder) / "rare" / name) for name in RARE_RECORDINGS}
        each = -(-options.mutants // len(media))
        for name, path in media.items():
            said = _soak(reader, path, Path(folder), each, options.seed)
            kinds = Counter(_end(sentence) for sentence in said)
            ends += kinds
            wrong += [f"{name}: {sentence or 'no end'}" for sentence in said if _end(sentence) == "wrong"]
            print(f"{name:15} {_counts(kinds)}", flush=True)
    print(f"{ends.total()} mutants in {time.monotonic() - began:.0f} s: {_counts(ends)}")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


def _soak(reader: IsolatedReader, whole: Path, folder: Path, count: int, seed: int) -> list[str]:
    """How each mutant of a file ended: "read", the sentence it was refused with, or "" for one that had no end."""
    said: list[str] = []
    waiting: list[Path] = []
    for number, data in enumerate(mutants(whole.read_bytes(), f"{seed} {whole.name}", count)):
        path = folder / f"{number % GROUP}{whole.suffix}"
        path.write_bytes(data or b"\0")
        waiting.append(path)
        if len(waiting) == GROUP:
            said += _read(reader, waiting)
            waiting = []
    return said + _read(reader, waiting)


def _read(reader: IsolatedReader, paths: list[Path]) -> list[str]:
    ends = [""] * len(paths)
    began = time.monotonic()
    for events in reader.read([Job(str(path), found_file(path)) for path in paths]):
        for number, event in events:
            if isinstance(event, ReadError):
                ends[number] = str(event)
            elif isinstance(event, Closed):
                ends[number] = "read"
    if (seconds := time.monotonic() - began) > SLOW:
        print(f"  {paths[0].suffix}: {seconds:.0f} s for {len(paths)} files", flush=True)
    return ends


def _end(said: str) -> str:
    if said == "read":
        return said
    if any(reason in said for reason in ("crashed its reader", "made no progress", "more memory than")):
        return "given up"  # a child was lost, and nothing else
    good = said.endswith(".") and "\n" not in said and len(said) < 200 and not said.startswith("Reading failed")
    return "refused" if good else "wrong"


def _counts(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


if __name__ == "__main__":
    sys.exit(main())
