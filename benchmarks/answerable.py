"""Whether a question without an answer is told from one that has one, on pictures of which whole folders are withheld.

    python -m benchmarks.answerable [--stamps DIR] [--seeds 5]

Tux Paint's stamps (Debian: tuxpaint-stamps-default) that have a caption are written to a store of the offline encoders,
but for a third of their folders. Bridges and what is known of scores are fitted as at the end of a run. Then the words
of every file's name are asked as `medley search` asks them. Those of withheld files have no answer, as far as nothing
like them lies in another folder. Of the others, a quarter shares no word with the caption, and many of these can hardly
be understood (bluegroper, chemparathi, anthoorium): `sharing` are those that do share one. Many more are of single
letters and of numbers (i outline, 005nickel): `plain` are those of words of three letters or more, and nothing else.

- `captions`: they are the only words. `and names`: those of the files are words too, as in any run; then what has an
  answer is asked for by its own name.
- `as shipped`: how many `relevant` tells apart, and how many of the others it refuses.
- `at 10%`: the same with the level set, after the fact and for each split, to where a tenth of the others is refused,
  or of those that share a word, or are plain: what the evidence is worth, whatever the level.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from benchmarks.retrieval import STAMPS, caption
from encoders import EncoderSet, load_preset
from flows.learning.bridge import fit_bridges
from flows.learning.calibrate import calibrate
from fusion.answers import Answers, evidence
from fusion.calibration import Calibration
from query import SearchRequest, search
from query.passages import Highlighter
from readers import name_words, read_image
from schemas import Modality, payload
from schemas.media import join_words
from schemas.payload import point_id
from schemas.vectors import ANSWERS, CALIBRATION, LEXICAL
from store import Store, open_store

WITHHELD = 1 / 3  # of the folders
REFUSED = 0.1  # of the questions that have an answer, at the operating point
TEXT = "text"


@dataclass(frozen=True, eq=False)
class Pictures:
    """The captioned pictures: their folders, captions and questions, and the vectors of each."""

    folders: list[str]
    captions: list[str]
    questions: list[str]
    vectors: dict[str, NDArray[np.float32]]

    @classmethod
    def read(cls, stamps: Path, encoders: EncoderSet) -> Pictures:
        """All that lie below a folder."""
        paths = [path for path in sorted(stamps.rglob("*.png")) if caption(path)]
        captions = [caption(path) for path in paths]
        vectors = {
            TEXT: encoders[TEXT].encode(captions, Modality.TEXT),
            "image": encoders["image"].encode([read_image(path)[0] for path in paths], Modality.IMAGE),
        }
        folders = [str(path.parent.relative_to(stamps)) for path in paths]
        return cls(folders, captions, [name_words(path.name) or path.stem for path in paths], vectors)

    def sharing(self, encoders: EncoderSet) -> NDArray[np.bool_]:
        """Which questions share a word with the caption of the picture that they are the name of."""
        terms = [
            [set(encoders.lexical.query(text).indices) for text in kind] for kind in (self.questions, self.captions)
        ]
        return np.array([not asked.isdisjoint(said) for asked, said in zip(*terms, strict=True)])

    def plain(self) -> NDArray[np.bool_]:
        """Which questions are made of words of three letters or more alone."""
        return np.array([all(len(w) > 2 and w.isalpha() for w in re.findall(r"\w+", q)) for q in self.questions])


def withheld(folders: list[str], seed: int) -> NDArray[np.bool_]:
    """Which pictures lie in the folders that are withheld."""
    names = sorted(set(folders))
    chosen = {names[i] for i in np.random.default_rng(seed).permutation(len(names))[: round(WITHHELD * len(names))]}
    return np.array([folder in chosen for folder in folders])


def fill(store: Store, encoders: EncoderSet, pictures: Pictures, taken: NDArray[np.bool_], *, named: bool) -> None:
    """Write some of the pictures as a run would, with or without the words of their names, and end as it does."""
    specs = encoders.vector_specs()
    store.ensure(specs)
    points = []
    for n in np.flatnonzero(taken).tolist():
        path, words = f"{pictures.folders[n]}/{n}.png", {"sidecar": pictures.captions[n]}
        if named:
            words["name"] = pictures.questions[n]
        vectors: dict[str, Any] = {name: rows[n] for name, rows in pictures.vectors.items()}
        vectors[LEXICAL] = encoders.lexical.document(join_words(words, named=True))
        fields = {
            payload.SOURCE: "stamps",
            payload.PATH: path,
            payload.FOLDER: pictures.folders[n],
            payload.ITEM: point_id("stamps", path),
            payload.SEGMENT: 0,
            payload.STATE: payload.State.INDEXED.value,
            payload.MODALITY: Modality.IMAGE.value,
            payload.WORDS: words,
            payload.ENCODERS: {spec.name: spec.fingerprint for spec in specs if spec.name in vectors},
        }
        points.append(models.PointStruct.model_construct(id=fields[payload.ITEM], vector=vectors, payload=fields))
    store.upsert(points)
    fit_bridges(store, encoders)
    calibrate(store, encoders)


class Judged:
    """What a collection says of questions.

    Attributes:
        found: whether it says that they have an answer.
        evidence: for that, by what `Answers` look at; infinite where all words that are asked for were found.
    """

    def __init__(self, store: Store, encoders: EncoderSet, questions: list[str]) -> None:
        kept, known = store.load_artifact(ANSWERS), store.load_artifact(CALIBRATION)
        if kept is None or known is None:
            raise SystemExit("There are too few pictures to tell anything.")
        answers, calibration = Answers.from_arrays(*kept), Calibration.from_arrays(*known)
        words = calibration.of(LEXICAL, Modality.TEXT, encoders.lexical.spec.fingerprint)
        asked = encoders[TEXT].encode_query(questions, Modality.TEXT)
        found, told = [], []
        for question, vector in zip(questions, asked, strict=True):
            result = search(store, encoders, SearchRequest.of(text=question))
            shared = max((hit.vectors[LEXICAL].score for hit in result.hits if LEXICAL in hit.vectors), default=0.0)
            likeness = max((hit.vectors[TEXT].score for hit in result.hits if TEXT in hit.vectors), default=-np.inf)
            highlighter = Highlighter(question, encoders.lexical)
            covered = any(highlighter.joined(hit.words) for hit in result.hits)
            surprise = words.surprise_of(shared) if words is not None else 0.0
            found.append(bool(result.relevant))
            told.append(np.inf if covered else evidence(vector, likeness, surprise, answers.cohort))
        self.found, self.evidence = np.array(found), np.array(told)
        self.level = answers.level

    def refused(self, level: float | None = None) -> NDArray[np.bool_]:
        """The questions of which it says that they have no answer, as it is or at another level."""
        return ~self.found if level is None else self.evidence < level

    def level_refusing(self, share: float, others: NDArray[np.bool_]) -> float:
        """The highest level that refuses no more than a share of some questions."""
        ordered = np.sort(self.evidence[others])
        return float(ordered[int(share * len(ordered))])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stamps", type=Path, default=STAMPS)
    parser.add_argument("--seeds", type=int, default=5)
    options, _ = parser.parse_known_args()
    if not options.stamps.is_dir():
        print(f"No stamps in {options.stamps}: install tuxpaint-stamps-default, or name their folder with --stamps.")
        return
    encoders = load_preset("offline", threads=1)
    pictures = Pictures.read(options.stamps, encoders)
    print(f"{len(pictures.captions)} pictures in {len(set(pictures.folders))} folders, a third of these withheld")
    heads = ("told apart", "wrongly", "of the sharing", "plain apart", "plain wrongly")
    print(f"{'words':12} {'level':22}", *(f"{head:>14}" for head in heads))
    sharing, plain, agreed = pictures.sharing(encoders), pictures.plain(), []
    for words, named in (("captions", False), ("and names", True)):
        found: dict[str, list[list[float]]] = {}
        for seed in range(options.seeds):
            without = withheld(pictures.folders, seed)
            with tempfile.TemporaryDirectory(prefix="medley-") as folder, open_store(folder) as store:
                fill(store, encoders, pictures, ~without, named=named)
                judged = Judged(store, encoders, pictures.questions)
            levels = {
                "as shipped": None,
                f"at {REFUSED:.0%}": judged.level_refusing(REFUSED, ~without),
                f"at {REFUSED:.0%} of the sharing": judged.level_refusing(REFUSED, ~without & sharing),
                f"at {REFUSED:.0%} of the plain": judged.level_refusing(REFUSED, ~without & plain),
            }
            for name, level in levels.items():
                refused = judged.refused(level)
                some = (without, ~without, ~without & sharing, without & plain, ~without & plain)
                shares = [float(refused[one].mean()) for one in some]
                found.setdefault(name, []).append(shares)
            agreed.append(float((judged.refused(judged.level) == judged.refused()).mean()))
        for name, rows in found.items():
            means = zip(np.mean(rows, axis=0), np.std(rows, axis=0), strict=True)
            print(f"{words:12} {name:22}", *(f"{mean:7.2f} ± {spread:.2f}" for mean, spread in means), flush=True)
    print(f"Evidence and level say what `relevant` says of {min(agreed):.1%} of the questions, or more.")


if __name__ == "__main__":
    main()
