"""The parts of a request -> what each is on every named vector that it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fusion import bridges
from fusion.calibration import BRIDGE, STORED, fused_way
from query.fused import Fusing
from query.items import vectors_of_item
from query.kept import kept
from query.vectors import Vector, raw
from schemas import CollectionMismatchError, Modality, UnknownNameError, UnreachableError
from schemas.vectors import FUSED, LEXICAL, bridge_name

if TYPE_CHECKING:
    from encoders import EncoderSet
    from schemas import VectorSpec
    from schemas.search import Part, SearchRequest
    from store import Store

GUESS = "guess"
"""The way of a term that is one of several plausible vectors: they are searched together, and the best one counts."""

FILES = {"image": Modality.IMAGE, "audio": Modality.AUDIO, "video": Modality.VIDEO}


@dataclass(frozen=True, slots=True)
class Term:
    """What one part of a request is on one named vector.

    Attributes:
        vector: the numbers.
        weight: of the part; below 0: away from it.
        part: its place in the request.
        way: how the vector is asked: the modality of the question, `fusion.calibration.BRIDGE`, or `GUESS`; of the
            fused vector what the question has of it: `fusion.calibration.fused_way`.
        item: whether it is an indexed item.
    """

    vector: Vector
    weight: float
    part: int
    way: str
    item: bool = False


@dataclass(slots=True)
class Encoded:
    """A request's terms by named vector.

    Attributes:
        terms: in the order of the parts.
        items: ids of the items that the request names.
        notes: what the person should know.
    """

    terms: dict[str, list[Term]] = field(default_factory=dict)
    items: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def bridged(self) -> set[str]:
        """The named vectors that are reached through a bridge alone."""
        return {name for name, terms in self.terms.items() if all(term.way in (BRIDGE, GUESS) for term in terms)}

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)


def encode_request(
    request: SearchRequest, encoders: EncoderSet, store: Store, have: Mapping[str, VectorSpec]
) -> Encoded:
    """Encode each part once for every named vector that it can reach.

    Args:
        request: what is asked.
        encoders: see `query.reach.encoders_in_use`.
        store: the store.
        have: see `schemas.vectors.vectors_in_use`.

    Raises:
        UsageError: a file cannot be read, a vector does not fit, or no named vector is left to search.
        UnknownNameError: `using` names a vector that the collection does not have.
        CollectionMismatchError: the only vectors in reach were made by another encoder than the one in use.
    """
    return _Encoding(request, encoders, store, have).run()


class _Encoding:
    def __init__(
        self, request: SearchRequest, encoders: EncoderSet, store: Store, have: Mapping[str, VectorSpec]
    ) -> None:
        self._request, self._encoders, self._store, self._have = request, encoders, store, have
        self._prints = {name: spec.fingerprint for name, spec in encoders.specs.items()}
        self._prints[LEXICAL] = encoders.lexical.spec.fingerprint
        self._fresh = {
            name for name, print_ in self._prints.items() if name in have and have[name].fingerprint == print_
        }
        self._fusing = Fusing(store, have)
        self._bridged: set[str] = set()  # what the part at hand reaches through a bridge
        self._lost: list[str] = []  # the parts that reach no vector
        self._encoded = Encoded()

    def run(self) -> Encoded:
        to_fuse: list[tuple[int, Part, dict[str, Vector]]] = []
        for number, part in enumerate(self._request.parts):
            wanted = self._wanted(part)
            self._bridged = set()
            found = self._vectors(part, wanted)
            if FUSED in wanted and part.kind not in ("item", "vector"):  # an item has its own
                own = self._to_fuse(part, found)
                to_fuse += [(number, part, own)] if own else []
            if not found and not (to_fuse and to_fuse[-1][0] == number):
                self._lost.append(f"part {number + 1} ({part.kind})")
            for name, vector in found.items():
                self._encoded.terms.setdefault(name, []).extend(self._terms(number, part, name, vector))
        self._fuse(to_fuse)
        self._check_reached()
        self._drop_aversions()
        return self._encoded

    def _terms(self, number: int, part: Part, name: str, vector: Vector) -> list[Term]:
        """One term; of a bridge that generates, one for each guess."""
        if name in self._bridged and vector.ndim > 1:
            return [Term(guess, part.weight / len(vector), number, GUESS) for guess in vector]
        return [Term(vector, part.weight, number, self._way(part, name), part.kind == "item")]

    def _to_fuse(self, part: Part, found: Mapping[str, Vector]) -> dict[str, Vector]:
        """The vectors of a part that the fit fuses: those of its own kinds, not what a bridge makes of them."""
        kinds = [Modality.TEXT] if part.text is not None else [Modality.IMAGE, Modality.AUDIO]
        own = {name for kind in kinds for name in self._encoders.holding(kind)} & self._fusing.inputs
        if not own and part.text is not None:  # words and pictures of one space, and no vector of words
            own = set(self._encoders.vectors_for(Modality.TEXT)) & self._fusing.inputs
        have = {name: found[name] for name in own & found.keys() - self._bridged}
        missing = own - have.keys()
        return have | (self._vectors(part, missing) if missing else {})

    def _fuse(self, parts: Sequence[tuple[int, Part, dict[str, Vector]]]) -> None:
        """What is sought as one vector, whatever parts it comes in; and what is to be avoided as another."""
        for liked in (True, False):
            some = [one for one in parts if (one[1].weight > 0) == liked]
            together: dict[str, list[Vector]] = {}
            for _, _, own in some:
                for name, vector in own.items():
                    together.setdefault(name, []).append(vector)
            vector = self._fusing.fuse(together) if together else None
            if vector is not None:
                term = Term(vector, sum(part.weight for _, part, _ in some), some[0][0], fused_way(together))
                self._encoded.terms.setdefault(FUSED, []).append(term)

    def _way(self, part: Part, name: str) -> str:
        if name in self._bridged:
            return BRIDGE
        if name == FUSED:
            return STORED
        if part.text is not None:
            return Modality.TEXT
        spec = self._encoders.specs.get(name)
        return spec.stored[0] if spec else Modality.TEXT

    def _wanted(self, part: Part) -> set[str]:
        for name in (*self._request.using, *part.using):
            if name == FUSED:
                self._fusing.check()
            if name not in self._have:
                raise UnknownNameError("vector", name, self._have)
        wanted = set(self._request.using) or set(self._have)
        if part.using:
            return wanted & set(part.using)
        if self._request.using:
            return wanted
        # Late interaction has no index: it looks closely at what others found, unless it is asked for.
        unasked = set() if self._fusing.asked else {FUSED}
        return {name for name in wanted - unasked if not self._have[name].multivector}

    def _vectors(self, part: Part, wanted: set[str]) -> dict[str, Vector]:
        if part.text is not None:
            return self._text(part.text, wanted & self._fresh)
        if part.kind in FILES:
            return self._file(part, wanted & self._fresh)
        if part.item is not None:
            identity, found = vectors_of_item(self._store, part.item, part.segment, sorted(wanted), self._have)
            self._encoded.items.append(identity)
            return found
        [name] = part.using
        return {name: raw(part.vector, self._have[name])} if name in wanted else {}

    def _text(self, text: str, wanted: set[str]) -> dict[str, Vector]:
        found: dict[str, Vector] = {}
        if LEXICAL in wanted:
            words = self._encoders.lexical.query(text)
            if words.indices:  # a question of stop words alone has none
                found[LEXICAL] = words
        routes = self._encoders.routes(Modality.TEXT)
        direct = {name for route in routes for name in route.vectors}
        bridged: list[str] = []
        if farther := wanted - direct - {LEXICAL}:
            held = [name for one in (Modality.IMAGE, Modality.AUDIO) for name in self._encoders.holding(one)]
            bridged = [name for name in held if name in farther]
        for route in routes:
            reached = [name for name in route.vectors if name in wanted]
            if reached or (bridged and route is routes[0]):
                made = self._encoders[route.encoder].encode_query([text], Modality.TEXT)[0]
                found |= dict.fromkeys(reached or [route.encoder], made)
        for name in bridged:
            bridge = self._bridge(routes[0].encoder, name) if routes else None
            if bridge is None:
                if name in self._encoders.holding(Modality.IMAGE) and self._pictured(name):
                    self._encoded.note(
                        "Words reach pictures only through their captions here: the collection has too few captioned "
                        "pictures."
                    )
            else:
                found[name] = _across(bridge, found[routes[0].encoder])
                self._bridged.add(name)
        return {name: vector for name, vector in found.items() if name in wanted}

    def _pictured(self, name: str) -> bool:
        """Whether the collection has anything to be found by this vector."""
        from qdrant_client import models

        return self._store.count(models.Filter(must=[models.HasVectorCondition(has_vector=name)])) > 0

    def _bridge(self, source: str, target: str) -> Any | None:
        """The collection's bridge between two named vectors, if it was fitted for the encoders in use."""
        bridge = kept(self._store, bridge_name(source, target), bridges.load)
        if bridge is None:
            return None
        prints = self._encoders.specs[source].fingerprint, self._encoders.specs[target].fingerprint
        return bridge if (bridge.source, bridge.target) == prints else None

    def _file(self, part: Part, wanted: set[str]) -> dict[str, Vector]:
        from query.files import contents  # its readers take a tenth of a second to import

        found: dict[str, Vector] = {}
        whole: set[str] = set()  # reached by scenes, of which the pictures are parts
        rate, frames = self._encoders.sample_rate, self._encoders.frames
        for modality, given in contents(part.value, FILES[part.kind], rate, frames).items():
            for route in self._encoders.routes(modality):
                reached = [name for name in route.vectors if name in wanted]
                if modality is Modality.VIDEO:
                    whole |= set(route.vectors)
                elif modality is Modality.IMAGE and whole.issuperset(route.vectors):
                    continue
                beyond = self._bridges_to_words(route.encoder, wanted - set(route.vectors))
                if reached or beyond:
                    encoder = self._encoders[route.encoder]
                    made = encoder.pool(encoder.encode_query(given, modality))
                    found |= dict.fromkeys(reached, made)
                    for name, bridge in beyond.items():
                        found[name] = _across(bridge, made)
                        self._bridged.add(name)
        return found

    def _bridges_to_words(self, source: str, wanted: set[str]) -> dict[str, Any]:
        """What tells the words of pictures like a picture, by the named vector of words, where it was learnt."""
        beyond = [name for name in self._encoders.holding(Modality.TEXT) if name in wanted]
        found = {name: self._bridge(source, name) for name in beyond}
        return {name: bridge for name, bridge in found.items() if bridge is not None}

    def _check_reached(self) -> None:
        named = [*self._request.using, *(name for part in self._request.parts for name in part.using)]
        stale = self._stale(named if self._encoded.terms or named else self._have)
        if stale:
            raise CollectionMismatchError(f"{stale[0]}: use the preset that it was made for, or ingest again.")
        if not self._encoded.terms:
            reason = f" ({self._encoded.notes[0].rstrip('.')})" if self._encoded.notes else ""
            asked = ", ".join(self._request.using) if self._request.using else "any vector of the collection"
            raise UnreachableError(f"This question cannot reach {asked}{reason}.")
        if not named:
            for sentence in self._stale([name for name, spec in self._have.items() if not spec.multivector]):
                self._encoded.note(f"{sentence}: it was not searched.")
        if self._lost:
            self._encoded.note(f"No vector that is searched is reached by {', '.join(self._lost)}.")

    def _stale(self, names: Iterable[str]) -> list[str]:
        """What is to be said of vectors that the encoder in use cannot ask, and that were not asked otherwise."""
        return [
            f"The vector {name!r} of {self._store.location} was made by {self._have[name].fingerprint}, and "
            f"{self._prints[name]} is in use, whose vectors cannot be compared with it"
            for name in names
            if name in self._prints and name not in self._fresh and name not in self._encoded.terms
        ]

    def _drop_aversions(self) -> None:
        """Leave out vectors on which nothing is sought: what is farthest from a dislike is no answer to a question."""
        if all(part.weight > 0 for part in self._request.parts):  # as mostly
            return
        terms = self._encoded.terms
        liked = {name for name, several in terms.items() if any(term.weight > 0 for term in several)}
        for name in sorted(terms.keys() - liked if liked else terms.keys() & {LEXICAL}):
            del terms[name]
            self._encoded.note(f"What is to be avoided is not looked at on {name!r}, where nothing is sought.")
        for name in sorted(terms if self._request.combine == "sum" else ()):
            if self._have[name].multivector and any(term.weight < 0 for term in terms[name]):
                self._encoded.note(f"What is to be avoided is not looked at on {name!r}, by late interaction.")
        if not terms:
            raise UnreachableError("This question only says what to avoid, and by words alone: say what is sought.")


def _across(bridge: Any, vector: Vector) -> Vector:
    """Where a bridge leads: (dim,), or (guesses, dim) of one that generates."""
    return bridge.guesses(vector[None])[0] if hasattr(bridge, "guesses") else bridge.project(vector[None])[0]
