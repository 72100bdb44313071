"""Why a hit is there: what each vector gave, the words that matched, and where in the picture or sound it lies."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from query import maps, overlay
from query.combine import summed
from query.encode import Encoded, encode_request
from query.files import read_apart
from query.fused import Fusing
from query.located import at_hand
from query.reach import encoders_in_use
from query.regions import Regions
from query.rerank import for_vector
from query.search import search
from query.vectors import likeness
from readers import found_file
from schemas import Modality, NotFoundError, ReadError, ReadOptions, Segment, UsageError, payload
from schemas.answer import Explanation, Heard, Hit, VectorMap
from schemas.payload import point_id
from schemas.search import ITEM, MOST_HITS, SearchRequest
from schemas.vectors import FUSED, SOURCES, vectors_in_use

if TYPE_CHECKING:
    from encoders import EncoderSet
    from store import Store


def explain(
    store: Store, encoders: EncoderSet, request: SearchRequest, *, hit: int = 1, item: str | None = None
) -> Explanation:
    """Explain one hit of a request.

    Args:
        store: the store.
        encoders: the encoders.
        request: what was asked.
        hit: which hit, counted from 1.
        item: an item instead, by its path in the source or its id, wherever it stands among the hits.

    Raises:
        NotFoundError: there is no such hit.
        UsageError: the request cannot be asked of this collection.
        StoreError: the collection cannot be read.
    """
    found = _found(store, encoders, request, hit, item)
    return _Explaining(store, encoders, request, found).run()


def _found(store: Store, encoders: EncoderSet, request: SearchRequest, number: int, item: str | None) -> Hit:
    if item is None and number < 1:
        raise UsageError(f"Hits are counted from 1: there is no hit {number}.")
    if item is None:
        wanted = request.model_copy(update={"limit": max(request.limit, number)})
        hits = search(store, encoders, wanted).hits
        if len(hits) < number:
            raise NotFoundError(f"There is no hit {number}: the search finds {len(hits)}.")
        return hits[number - 1]
    # Asked for among all: its ranks and shares are those that it has in the answer.
    among = request.model_copy(update={"limit": MOST_HITS, "offset": 0, "group_by": ITEM})
    for hit in search(store, encoders, among).hits:
        if item in (hit.item, hit.path):
            return hit
    raise NotFoundError(
        f"The item {item!r} is not among the first {MOST_HITS} hits: give its path in the source, or its id."
    )


class _Explaining:
    def __init__(self, store: Store, encoders: EncoderSet, request: SearchRequest, hit: Hit) -> None:
        self._store, self._hit = store, hit
        self._specs = vectors_in_use(store.vectors(), store.metadata())
        self._encoders = encoders_in_use(encoders, self._specs)
        self._encoded: Encoded = encode_request(request, self._encoders, store, self._specs)
        if request.rerank is not None and request.rerank.by in self._specs:
            closer = for_vector(request, request.rerank.by)
            self._encoded.terms |= encode_request(closer, self._encoders, store, self._specs).terms

    def run(self) -> Explanation:
        explanation = Explanation(hit=self._hit, notes=list(self._encoded.notes), kinds=self._kinds())
        regions = self._fused(explanation) if FUSED in self._hit.vectors else None
        segment = self._segment(explanation)
        for name, query in self._queries().items():
            modalities = self._encoders.specs[name].stored
            if segment is not None and Modality.IMAGE in modalities and segment.frames:
                explanation.maps.append(self._over_frames(name, query, segment))
            elif segment is not None and Modality.AUDIO in modalities and segment.sound is not None:
                explanation.maps.append(self._over_sound(name, query, segment.sound))
        if regions is not None and segment is not None and segment.frames:
            explanation.maps += self._over_regions(regions, list(segment.frames))
        return explanation

    def _fused(self, explanation: Explanation) -> Regions:
        """What made its fused vector: its own vectors, regions of them, and the segments beside it."""
        hit, fusing = self._hit, Fusing(self._store, self._specs)
        point = point_id(hit.source, hit.path, hit.segment)
        fields = {payload.SOURCE: hit.source, payload.PATH: hit.path, payload.SEGMENT: hit.segment}
        beside = payload.ids_beside(fields, fusing.reach)
        found = self._store.retrieve([point, *filter(None, beside)], with_payload=True, with_vectors=True)
        known = {str(record.id): record for record in found}

        def vectors(identity: str) -> dict[str, Any]:
            """Those that an encoder made: what was inferred told nothing."""
            record = known.get(identity)
            inferred = (record.payload or {}).get(payload.INFERRED, {}) if record is not None else {}
            have: Any = record.vector if record is not None else {}
            return {name: vector for name, vector in (have or {}).items() if name not in inferred}

        own, others = vectors(point), [vectors(one) for one in beside]
        explanation.attention, heard = fusing.attention(own, others)
        if explanation.attention and not fusing.moved:
            explanation.notes.append(
                "What was attended to has no part in the fused vector: training found nothing to gain by it."
            )
        question = np.asarray(summed(self._encoded.terms[FUSED], self._specs[FUSED]), np.float32)
        regions = Regions(fusing, own, question, others)
        explanation.given = {name: round(float(rows.sum()), 4) for name, rows in regions.given.items()}
        explanation.regions = regions.told()
        told = []
        for (name, place), shares in heard.items():
            said = known[beside[place]].payload or {}
            about = {key: said.get(key) for key in (payload.SEGMENT, payload.START, payload.END, payload.PAGE)}
            told.append(Heard.model_validate({**about, "vector": name, "shares": shares}))
        explanation.heard = sorted(told, key=lambda one: -sum(one.shares.values()))
        return regions

    def _over_regions(self, regions: Regions, frames: list[Any]) -> list[VectorMap]:
        """Of each vector of several regions, what these gave, and how they were attended to."""
        found = []
        for name in dict.fromkeys(one.vector for one in regions.told()):
            spec = self._encoders.specs.get(name)
            over = regions.over_frames(name, [frame.shape[:2] for frame in frames])
            if spec is None or Modality.IMAGE not in spec.stored or over is None:
                continue
            best, *grids = over
            hows: tuple[Literal["regions", "attention"], ...] = ("regions", "attention")
            for how, grid in zip(hows, grids, strict=True):
                if grid is not None:
                    found.append(
                        VectorMap(
                            vector=name,
                            how=how,
                            values=grid.tolist(),
                            frame=best + 1 if len(frames) > 1 else None,
                            frames=len(frames),
                            picture=overlay.over_picture(frames[best], grid),
                        )
                    )
        return found

    def _queries(self) -> dict[str, NDArray[np.float32]]:
        """The question's vector on each dense vector that found the hit, or looked at it closely."""
        found = {}
        for name, terms in self._encoded.terms.items():
            spec = self._specs[name]
            query = None if spec.sparse or name not in self._encoders.specs else summed(terms, spec)
            if isinstance(query, list):
                found[name] = np.asarray(query, np.float32)
        return found

    def _kinds(self) -> dict[str, float]:
        """How near each kind of the hit's words is to the question, by the text encoder that asked."""
        scores: dict[str, float] = {}
        for name, query in self._queries().items():
            spec = self._encoders.specs[name]
            texts = {kind: text for kind, text in self._hit.words.items() if text.strip()}
            if Modality.TEXT in spec.stored and not spec.multivector and texts:
                made = self._encoders[name].encode(list(texts.values()), Modality.TEXT)
                scores = dict(zip(texts, map(float, likeness(query, made, spec.distance)), strict=True))
        return scores

    def _segment(self, explanation: Explanation) -> Segment | None:
        """The hit's segment, read again from its file."""
        if self._hit.file is None or self._hit.modality == Modality.TEXT:
            return None
        with at_hand(self._store.metadata().get(SOURCES, {}), self._hit.source, self._hit.path) as path:
            if path is None:
                said = f"{self._hit.path} does not lie in its source any more: there is no map of it."
                explanation.notes.append(said)
                return None
            options = ReadOptions(sample_rate=self._encoders.sample_rate)
            try:
                with closing(read_apart(path, found_file(path), options)) as events:
                    segments = (event for event in events if isinstance(event, Segment))
                    return next(islice(segments, self._hit.segment, None), None)
            except (ReadError, OSError) as error:
                explanation.notes.append(f"{self._hit.path} cannot be read any more: {error}")
                return None

    def _over_frames(self, name: str, query: NDArray[np.float32], segment: Segment) -> VectorMap:
        spec, encoder = self._specs[name], self._encoders[name]

        def score(pictures: list[Any]) -> NDArray[np.float64]:
            made = encoder.encode(pictures, Modality.IMAGE)
            if spec.multivector:
                return np.array([float((query @ one.T).max(axis=1).sum()) for one in made])
            return likeness(query, made, spec.distance)

        frames = list(segment.frames)
        best = int(np.argmax(score(frames))) if len(frames) > 1 else 0
        frame = frames[best]
        found = None
        if spec.multivector:
            [vectors] = encoder.encode([frame], Modality.IMAGE)
            found = maps.patches(query, vectors, frame.shape[:2])
        grid = maps.occlusion(frame, score) if found is None else found
        return VectorMap(
            vector=name,
            how="occlusion" if found is None else "patches",
            values=grid.tolist(),
            frame=best + 1 if len(frames) > 1 else None,
            frames=len(frames),
            picture=overlay.over_picture(frame, grid),
        )

    def _over_sound(self, name: str, query: NDArray[np.float32], sound: NDArray[np.float32]) -> VectorMap:
        spec, encoder = self._specs[name], self._encoders[name]
        rate = self._encoders.sample_rate
        grid = maps.silence(
            sound, rate, lambda sounds: likeness(query, encoder.encode(sounds, Modality.AUDIO), spec.distance)
        )
        start = (self._hit.start or 0.0) + int(np.argmax(grid[0])) * maps.WINDOW
        return VectorMap(
            vector=name, how="silence", values=grid.tolist(), second=start, picture=overlay.over_sound(sound, grid)
        )
