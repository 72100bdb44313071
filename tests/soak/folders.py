"""Changes folders at random, runs, and compares with what a fresh run makes of the folder as it then is.

    python -m tests.soak.folders [--walks 60] [--runs 6] [--seed 1]

Between two runs a few things happen to the folder: files come, go, are edited (also without a trace in their times),
renamed, swapped, copied, moved with their folder, described, ignored, broken and mended, or become folders. Some runs
look only at what changed, as `medley watch` does; some bring another encoder of pictures. After each, the accounts add
up, and no picture or sound was encoded whose content the collection knew already. After the last one, the collection
is, point by point, the one that a fresh run makes.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from encoders.base import Encoder
from flows.ingestion.direct import ingest
from schemas import Modality
from schemas.settings import Settings, load_settings
from store import open_store
from tests.collection import contents
from tests.media import COLOURS, clip, picture, tone

PRESETS = ("tiny", "text=hashing,image=visual,audio=logmel")
NAMES = ("a", "b", "B", "photo 1", "ü", "u\u0308", "x" * 120, "naïve.old", ".hidden", os.fsdecode(b"caf\xe9"))
FOLDERS = ("", "one", "two", "one/deep", "Zoë")
BROKEN = (b"", b"\xff\xd8\xff\xe0 no picture", b"RIFF\x00\x00\x00\x00WAVE", b"\0\1")
FRAMES = 2  # of a film of one second
IGNORED = ("*.png\n", "one/\n", "!b.png\n*.md\n", "/two/**\n!/two/a.txt\n")


@dataclass
class Walk:
    """A folder to which things happen, and the collection that follows it.

    Attributes:
        told: what happened, for whoever has to find out why.
        touched: the paths of it since the last run.
    """

    root: Path
    store: Path
    chance: random.Random
    told: list[str] = field(default_factory=list)
    touched: set[Path] = field(default_factory=set)
    hidden: bool = False  # whether a file was edited without a trace, so that only a run that verifies can know
    clock: Iterator[int] = field(default_factory=lambda: count(1_700_000_000))
    made: Iterator[int] = field(default_factory=lambda: count(1))

    def step(self) -> None:
        """Let something happen."""
        things: list[tuple[int, Callable[[], None]]] = [
            *(
                (9, self.write),
                (4, self.edit),
                (1, self.edit_unseen),
                (2, self.touch),
                (5, self.rename),
                (2, self.swap),
            ),
            *((4, self.copy), (4, self.delete), (3, self.describe), (2, self.move_folder), (1, self.copy_folder)),
            *((1, self.ignore), (1, self.turn_into_folder), (1, self.link)),
        ]
        self.chance.choices([thing for _, thing in things], [weight for weight, _ in things])[0]()

    def write(self) -> None:
        """A new file, perhaps one that cannot be read, perhaps over another."""
        suffix = self.chance.choice((".png", ".png", ".jpg", ".md", ".txt", ".wav", ".srt", ".json", ".mp4"))
        self._fill(self._place(suffix), suffix)

    def edit(self) -> None:
        """Other content under the same name; what was broken may be whole then, and the other way round."""
        if file := self._file():
            self._fill(file, file.suffix)

    def edit_unseen(self) -> None:
        """As many bytes as before, and the old times."""
        file = self._file(".md", ".txt")
        if file and (size := file.stat().st_size):
            times = file.stat()
            file.write_bytes(bytes(self.chance.choices(b"abcdefgh ", k=size)))
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
            self.hidden = True
            self._tell("edited unseen", file)

    def touch(self) -> None:
        """A new time, nothing else."""
        if file := self._file():
            self._stamp(file)
            self._tell("touched", file)

    def rename(self) -> None:
        """Within its folder or into another, perhaps over a file that is there."""
        if file := self._file():
            target = self._place(file.suffix)
            file.replace(target)
            self._tell("renamed", file, target)

    def swap(self) -> None:
        """Two files of a kind change names."""
        if (one := self._file()) and (other := self._file(one.suffix)) and one != other:
            aside = self.root / "aside"
            one.rename(aside)
            other.rename(one)
            aside.rename(other)
            self._tell("swapped", one, other)

    def copy(self) -> None:
        """With its times or without."""
        if file := self._file():
            target = self._place(file.suffix)
            if target != file:
                self.chance.choice((shutil.copy2, shutil.copy))(file, target)
                self._tell(f"copied {self._name(file)} to", target)

    def delete(self) -> None:
        """A file."""
        if file := self._file():
            file.unlink()
            self._tell("deleted", file)

    def describe(self) -> None:
        """A sidecar of a file that is there, or one that is broken."""
        if file := self._file(".png", ".jpg", ".wav", ".mp4"):
            sidecar = file.with_suffix(self.chance.choice((".txt", ".json", ".srt")))
            if not sidecar.is_dir():
                self._fill(sidecar, sidecar.suffix)

    def move_folder(self) -> None:
        """With all that is in it."""
        if folder := self._folder():
            target = self.root / f"moved {next(self.made)}"
            folder.rename(target)
            self._tell("moved", folder, target)

    def copy_folder(self) -> None:
        """With all that is in it."""
        if folder := self._folder():
            target = self.root / f"copy {next(self.made)}"
            shutil.copytree(folder, target, symlinks=True)
            self._tell(f"copied {self._name(folder)} to", target)

    def ignore(self) -> None:
        """Other rules of what is left out."""
        rules = self.root / self.chance.choice(FOLDERS[:3]) / ".medleyignore"
        if rules.parent.is_file():
            return
        rules.parent.mkdir(exist_ok=True)
        if rules.is_file() and self.chance.random() < 0.6:
            rules.unlink()
        elif not rules.is_dir():
            rules.write_text(self.chance.choice(IGNORED))
        self._tell("ruled", rules)

    def turn_into_folder(self) -> None:
        """A file gives its name to a folder."""
        if file := self._file():
            file.unlink()
            file.mkdir()
            self._fill(file / "inside.md", ".md")

    def link(self) -> None:
        """A symbolic link: to a file, to the folder it lies in, or to nothing."""
        place = self.root / f"link {next(self.made)}"
        place.symlink_to(self.chance.choice((self._file() or "nowhere", self.root, "nowhere")))
        self._tell("linked", place)

    def only(self) -> list[str]:
        """What a watcher would tell of it."""
        return [str(path) for path in sorted(self.touched)]

    def _fill(self, file: Path, suffix: str) -> None:
        number = next(self.made)
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink():
            file.unlink()
        draft = self.root.parent / f"draft{suffix}"  # not every library takes every name
        if self.chance.random() < 0.12:
            draft.write_bytes(self.chance.choice(BROKEN))
        elif suffix in (".png", ".jpg"):
            picture(draft, self.chance.choice(sorted(COLOURS)), (40 + number, 40))
        elif suffix == ".wav":
            tone(draft, seconds=1, hertz=200 + number)
        elif suffix == ".mp4":
            clip(draft, self.chance.sample(sorted(COLOURS), 1), seconds=1)
        elif suffix == ".srt":
            draft.write_text(f"1\n00:00:00,000 --> 00:00:01,000\nsaid as number {number}\n")
        elif suffix == ".json":
            draft.write_text(f'{{"title": "number {number}", "tags": ["a", "n{number % 3}"]}}')
        else:
            draft.write_text(f"# Note {number}\n\nwords of {number}")
        draft.replace(file)
        self._stamp(file)
        self._tell("wrote", file)

    def _stamp(self, file: Path) -> None:
        os.utime(file, ns=(0, next(self.clock) * 1_000_000_000))

    def _files(self, *suffixes: str) -> list[Path]:
        found = (Path(folder, name) for folder, _, names in os.walk(self.root) for name in sorted(names))
        return [file for file in found if not file.is_symlink() and (not suffixes or file.suffix in suffixes)]

    def _file(self, *suffixes: str) -> Path | None:
        files = self._files(*suffixes)
        return self.chance.choice(files) if files else None

    def _folder(self) -> Path | None:
        folders = [path for path in sorted(self.root.iterdir()) if path.is_dir() and not path.is_symlink()]
        return self.chance.choice(folders) if folders else None

    def _place(self, suffix: str) -> Path:
        while True:
            place = self.root / self.chance.choice(FOLDERS) / f"{self.chance.choice(NAMES)}{suffix}"
            if not place.is_dir() and not any(parent.is_file() for parent in place.parents):
                place.parent.mkdir(parents=True, exist_ok=True)
                return place

    def _tell(self, what: str, *paths: Path) -> None:
        self.touched.update(paths)
        self.told.append(f"{what} {' -> '.join(map(self._name, paths))}")

    def _name(self, path: Path) -> str:
        return repr(str(path.relative_to(self.root)))


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How many pictures and sounds are encoded, by modality."""
    counts: Counter[str] = Counter()
    encode_each = Encoder.encode_each

    def encoding(self: Any, given: Sequence[Any], modality: Any) -> Any:
        made = encode_each(self, given, modality)
        counts[modality] += len(given) - len(made[1])
        return made

    Encoder.encode_each = encoding  # type: ignore[method-assign]  # to count is all it is for
    try:
        yield counts
    finally:
        Encoder.encode_each = encode_each  # type: ignore[method-assign]


def known(settings: Settings) -> dict[str, dict[str, int]]:
    """Contents that the collection has vectors of, by named vector, and how much of them was encoded for it."""
    found: dict[str, dict[str, int]] = {"image": {}, "audio": {}}
    with open_store(settings.store) as store:
        for record in store.scroll_all(with_payload=True, with_vectors=list(found)) if store.exists() else ():
            payload = record.payload or {}
            for name in record.vector or ():
                film = name == "image" and payload["modality"] == Modality.VIDEO
                found[name][payload["hash"]] = FRAMES if film else 1
    return found


def walk(work: Path, chance: random.Random, runs: int) -> list[str]:
    """What is wrong after so many runs, in sentences; nothing, where all is well."""
    here = Walk(work / "media", work / "store", chance)
    here.root.mkdir(parents=True)
    here._fill(here.root / "first.md", ".md")
    wrong: list[str] = []
    preset = PRESETS[0]
    for number in range(runs):
        for _ in range(chance.randint(1, 8)):
            here.step()
        if not any(file.suffix == ".md" for file in here._files()):
            here._fill(here.root / f"last {number}.md", ".md")  # a source without a file is refused
        last = number == runs - 1
        old = preset
        if chance.random() < 0.2:
            preset = PRESETS[preset == PRESETS[0]]
        settings = load_settings(store=str(here.store), encoders={"preset": preset, "ocr": "off"})
        verify = here.hidden or chance.random() < 0.2
        only = here.only() if number and not last and not verify and chance.random() < 0.5 else None
        here.told.append(f"run {number}: {preset}{', only' if only else ''}{', verify' if verify else ''}")
        before = known(settings)
        with counted() as encoded:
            report = ingest(here.root, settings, force=True, verify=verify, only=only)
        after = known(settings)
        here.touched.clear()
        here.hidden = False
        if report.found != report.indexed + report.unchanged + report.excluded + report.quarantined:
            wrong.append(f"run {number}: the accounts do not add up: {report}")
        for vector, modality in (("image", Modality.IMAGE), ("audio", Modality.AUDIO)):
            have = before[vector] if vector == "audio" or preset == old else {}
            new = sum(much for content, much in after[vector].items() if content not in have)
            if encoded[modality] > new:
                wrong.append(f"run {number}: {encoded[modality]} times {modality} encoded, of which {new} were new")
    fresh = load_settings(store=str(work / "fresh"), encoders={"preset": preset, "ocr": "off"})
    ingest(here.root, fresh, force=True)
    found, expected = contents(settings), contents(fresh)
    for id in sorted({*found, *expected}):
        if found.get(id) != expected.get(id):
            wrong.append(_difference(found.get(id), expected.get(id)))
    return [*wrong, *here.told] if wrong else []


def _difference(found: Any, expected: Any) -> str:
    path = (found or expected)[0].get("path")
    if found is None or expected is None:
        return f"{path!r} is {'missing' if found is None else 'there'}: {(found or expected)[0]}"
    fields = {
        key: (found[0].get(key), expected[0].get(key))
        for key in sorted({*found[0], *expected[0]})
        if found[0].get(key) != expected[0].get(key)
    }
    vectors = [name for name in sorted({*found[1], *expected[1]}) if found[1].get(name) != expected[1].get(name)]
    return f"{path!r} differs (found, expected): {fields}, vectors {vectors}"


def main() -> int:
    """Returns 1 if a collection was not what it has to be."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--walks", type=int, default=60)
    given.add_argument("--runs", type=int, default=6)
    given.add_argument("--seed", type=int, default=1)
    options, _ = given.parse_known_args()
    began, failed = time.monotonic(), 0
    for seed in range(options.seed, options.seed + options.walks):
        with tempfile.TemporaryDirectory() as folder:
            wrong = walk(Path(folder), random.Random(seed), options.runs)
        if wrong:
            failed += 1
            print(f"seed {seed}:", *wrong, sep="\n  ", file=sys.stderr)
    print(f"{options.walks} walks in {time.monotonic() - began:.0f} s: {failed} collections differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
