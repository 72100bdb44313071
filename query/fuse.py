"""How the rankings of a request are fused, and what is known of their scores."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import fusion
from fusion.calibration import Calibration, Null
from fusion.evidence import best_first
from fusion.scale import THEORY, Bounds
from query.combine import ascending
from schemas import Modality, UnknownNameError, UsageError, payload
from schemas.vectors import FUSED, LEXICAL

if TYPE_CHECKING:
    from query.encode import Encoded
    from query.rank import Fields
    from schemas import VectorSpec
    from schemas.search import SearchRequest

Specs = Mapping[str, "VectorSpec"]

BRIDGED = 0.5

TEXT = "text"
"""What presets call the vector of a segment's texts without the file's name."""

STRETCHING = ("relative", "max", "combmnz")


def check(request: SearchRequest, specs: Specs) -> None:
    """See that the fusion and the weights that a request names are there.

    Raises:
        UsageError: one of them is not, or does not belong to the other.
    """
    options = request.fusion
    fusion.get(options.method)
    if options.k is not None and options.method != "rrf":
        raise UsageError(f"k belongs to the fusion 'rrf', not to {options.method!r}: leave it out.")
    if options.bounds is not None and options.method not in STRETCHING:
        raise UsageError(f"Bounds belong to the fusions {', '.join(STRETCHING)}, not to {options.method!r}.")
    for name in request.weights:
        vector, at, modality = name.partition("@")
        if vector not in specs:
            raise UnknownNameError("vector", vector, specs)
        if at and modality not in list(Modality):
            raise UnknownNameError("modality", modality, Modality)


def check_distances(request: SearchRequest, names: Sequence[str], specs: Specs) -> None:
    """See that a fusion can be had of these vectors.

    Raises:
        UsageError: it cannot.
    """
    if len(names) <= 1:  # one ranking is not fused
        return
    if request.fusion.method == "dbsf" and (turned := [name for name in names if ascending(specs[name])]):
        raise UsageError(
            f"DBSF would turn the order of {', '.join(turned)} around, whose {specs[turned[0]].distance} scores are "
            "best when low: take another fusion, such as rrf."
        )
    if request.fusion.bounds != "theory":
        return
    if unbounded := [name for name in names if _kind(specs[name]) not in THEORY]:
        raise UsageError(
            f"The scores of {', '.join(unbounded)} have no bounds in theory ({specs[unbounded[0]].distance}): take "
            "bounds 'ranking'."
        )


def fusing(
    request: SearchRequest, specs: Specs, nulls: Mapping[str, Null], fields: Fields, *, at_once: int, guessed: bool
) -> Callable[[Mapping[str, fusion.Ranking], Mapping[str, float]], Iterable[fusion.Fused]]:
    """The fusion that a request asks for, as a function of rankings and weights.

    Args:
        request: what is asked.
        specs: the named vectors.
        nulls: the null distributions that are known, by vector.
        fields: the payload of the segments that were found.
        at_once: how many of those are looked at together.
        guessed: whether there are vectors that no encoder made: what one of these found is still said to lack it.
    """
    method = request.fusion.method
    options: dict[str, Any] = {}
    by_modality = {name: weight for name, weight in request.weights.items() if "@" in name}
    if by_modality:
        options["factor"] = lambda name, id_: by_modality.get(f"{name}@{fields[id_][payload.MODALITY]}", 1.0)
    if method == "rrf" and request.fusion.k is not None:
        options["k"] = request.fusion.k
    if method in STRETCHING and request.fusion.bounds == "theory":
        options["bounds"] = bounds(specs)
    if method == "evidence":
        lacked = _lacking(tuple((name, spec.name) for name, spec in specs.items()))

        def lacks(id_: Hashable) -> Collection[str]:
            have = fields.get(id_, {}).get(payload.ENCODERS)
            return () if have is None else lacked(tuple(have))

        options |= {"nulls": nulls, "lacks": lacks, "look": fields.prepare, "at_once": at_once}
        if not guessed:
            options["may_lack"] = lacked
        return partial(best_first, **options)
    return partial(fusion.get(method), **options)


def weights(request: SearchRequest, encoded: Encoded) -> dict[str, float]:
    """The weights of the rankings.

    A vector that is reached only through a bridge finds with less precision, and counts half. Evidence knows that of
    itself.
    """
    default = {} if request.fusion.method == "evidence" else dict.fromkeys(encoded.bridged, BRIDGED)
    return default | {name: weight for name, weight in request.weights.items() if "@" not in name}


def bounds(specs: Specs) -> dict[str, Bounds]:
    """The bounds that theory gives to the scores of each vector, where it does."""
    return {name: THEORY[kind] for name, spec in specs.items() if (kind := _kind(spec)) in THEORY}


def known_nulls(calibration: Calibration | None, encoded: Encoded, specs: Specs) -> dict[str, Null]:
    """The null distribution of each vector on which one part is sought, in a way that was measured.

    What is to be avoided besides lowers all scores, and those of chance most: with the null of what is sought they are
    less surprising than they should be, but a poor best of a bridge is told from a good one.
    """
    found = {}
    for name, terms in encoded.terms.items():
        liked = [term for term in terms if term.weight > 0]
        if calibration is not None and len(liked) == 1:
            null = calibration.of(name, liked[0].way, specs[name].fingerprint)
            if null is not None:
                found[name] = null
    return found


def fused_null(
    calibration: Calibration | None, encoded: Encoded, specs: Specs, inputs: Collection[str]
) -> Callable[[Mapping[str, Any]], Null | None]:
    """The null distribution of the fused vector for segments that are made of the same, as a function of their payload.

    Args:
        calibration: of the collection.
        encoded: the question.
        specs: the named vectors.
        inputs: those that are fused.
    """
    [term, *_] = (term for term in encoded.terms[FUSED] if term.weight > 0)
    known = {} if calibration is None else calibration.by_parts(FUSED, term.way, specs[FUSED].fingerprint)
    have = {name: specs[name].name for name in sorted(inputs) if name in specs}

    def null_of(fields: Mapping[str, Any]) -> Null | None:
        made = fields.get(payload.ENCODERS, {}).keys() - fields.get(payload.INFERRED, {}).keys()
        return known.get(tuple(name for name, stored in have.items() if stored in made))

    return null_of


@lru_cache(maxsize=4)  # of all searches of a collection
def _lacking(vectors: tuple[tuple[str, str], ...]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """The vectors that a segment does not have, as a function of those that it has; each with the one that answers.

    Every segment has words, those of its file's name. Where there are no others, it is not expected to be found by
    words, and is taken to have none; then it has no other vector of texts either.
    """
    words = TEXT if TEXT in dict(vectors) else LEXICAL

    @lru_cache(maxsize=128)  # most segments have the same vectors as others
    def lacked(have: tuple[str, ...]) -> tuple[str, ...]:
        found = {name for name, answering in vectors if name in have or answering in have}
        return tuple(name for name, _ in vectors if (words if name == LEXICAL else name) not in found)

    return lacked


def _kind(spec: VectorSpec) -> str:
    return "sparse" if spec.sparse else "multivector" if spec.multivector else spec.distance
