"""A question on the fused vector: what it has of the vectors that a fit fuses, fused by the same fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion import fusers
from fusion.attention import Attention, reach_of
from fusion.beside import Beside
from fusion.views import Fuser, Views
from query.kept import kept
from schemas import CollectionMismatchError, UsageError
from schemas.vectors import FIT, FUSED

if TYPE_CHECKING:
    from schemas import VectorSpec
    from store import Store

TOKENS = 16  # vectors of one name at most


class Fusing:
    """The fit in use of a collection.

    Args:
        store: the store.
        have: the named vectors that answer.
    """

    def __init__(self, store: Store, have: Mapping[str, VectorSpec]) -> None:
        self._note: Mapping[str, Any] = (store.metadata().get(FUSED) or {}) if FUSED in have else {}
        self._store, self._have = store, have

    @property
    def known(self) -> bool:
        """Whether the collection has fused vectors that answer."""
        return FUSED in self._have and bool(self._note)

    @property
    def asked(self) -> bool:
        """Whether questions use them without being told to."""
        return self.known and bool(self._note["asked"]) and not self._stale()

    @property
    def inputs(self) -> set[str]:
        """The named vectors that are fused."""
        return set(self._note.get("inputs", ())) if self.known else set()

    def check(self) -> None:
        """See that the fused vector can be asked.

        Raises:
            UsageError: nothing was fitted, or nothing is in use.
            CollectionMismatchError: it was made of other vectors than the collection has now.
        """
        if not self.known:
            raise UsageError(
                "This collection has no fused vectors in use: `medley fit attention` learns them, and `medley fit use` "
                "takes a version that was kept aside."
            )
        if stale := self._stale():
            raise CollectionMismatchError(
                f"The fused vectors were made of other vectors {', '.join(stale)} than are in use: run "
                f"`medley fit {self._note['version'].rpartition('-')[0]}` again."
            )

    def fuse(self, vectors: Mapping[str, list[NDArray[Any]]]) -> NDArray[np.float32] | None:
        """What a question's vectors, by name, are together; None where the fit was lost."""
        fuser = self.fuser()
        if fuser is None:
            return None
        rows = {name: np.concatenate([np.atleast_2d(one) for one in some]) for name, some in vectors.items()}
        return fused(fuser, rows, {name: self._have[name].dim for name in fuser.inputs})

    @property
    def reach(self) -> int:
        """How many segments before and after one its fused vector was told by."""
        return reach_of(fuser) if (fuser := self.fuser()) is not None else 0

    def attention(
        self, vectors: Mapping[str, Any], beside: Sequence[Mapping[str, Any]] = ()
    ) -> tuple[dict[str, dict[str, float]], dict[tuple[str, int], dict[str, float]]]:
        """What attended to what; nothing where no attention made the fused vector.

        Args:
            vectors: of a segment.
            beside: those of the segments beside it, in the order of `schemas.payload.ids_beside`.

        Returns:
            How much each named vector attended to each; and to each of those beside it, by name and place in `beside`.
        """
        fuser = self.fuser()
        if not isinstance(fuser, Attention):
            return {}, {}
        views = self.views(fuser, vectors, beside)
        blocks = [block[0].mean(axis=0) for block in fuser.explained(views)[1]]
        names = np.array(fuser.token_names(views))
        there = np.concatenate([views.there[name][0] for name in views.names])
        have = [name for name in views.names if views.has(name)[0]]

        def told(weights: NDArray[Any], name: str, columns: Any) -> float:
            return round(float(weights[(names == name) & there][:, columns].sum(axis=1).mean()), 4)

        own = blocks[len(blocks) - 1 - bool(fuser.names_beside(views))]
        attended = {name: {other: told(own, name, names == other) for other in have} for name in have}
        heard: dict[tuple[str, int], dict[str, float]] = {}
        for at, (other, place) in enumerate(fuser.names_beside(views)):
            shares = {name: told(blocks[-1], name, [len(names) + at]) for name in have}
            if any(shares.values()):
                heard[other, place] = {name: share for name, share in shares.items() if share}
        return attended, heard

    def views(self, fuser: Fuser, vectors: Mapping[str, Any], beside: Sequence[Mapping[str, Any]] = ()) -> Views:
        """What of a segment, and of those beside it, is fused: see `attention`."""
        dims = {name: self._have[name].dim for name in fuser.inputs}
        views = Views.of([self._known(fuser, vectors)], dims, TOKENS)
        if any(beside):
            views = replace(views, beside=Beside.of([[self._known(fuser, one) for one in beside]], dims))
        return views

    def rows(self, vectors: Mapping[str, Any]) -> dict[str, int]:
        """How many vectors a segment has of each name of late interaction that is fused."""
        known = self._known(fuser, vectors) if (fuser := self.fuser()) is not None else {}
        return {name: len(rows) for name, rows in known.items() if self._have[name].multivector}

    def _known(self, fuser: Fuser, vectors: Mapping[str, Any]) -> dict[str, Any]:
        """The vectors of a segment that are fused, by the names that a person calls them."""
        return {name: vectors[self._have[name].name] for name in fuser.inputs if self._have[name].name in vectors}

    @property
    def moved(self) -> bool:
        """Whether what is attended to has a part in the fused vectors."""
        return isinstance(fuser := self.fuser(), Attention) and (fuser.moved or fuser.shape.reach > 0)

    def fuser(self) -> Fuser | None:
        """The fit; None where it was lost."""
        return kept(self._store, FIT + self._note["version"], fusers.load) if self.known else None

    def _stale(self) -> list[str]:
        prints: Mapping[str, str] = self._note["inputs"]
        return sorted(n for n, print_ in prints.items() if n not in self._have or self._have[n].fingerprint != print_)


def fused(fuser: Fuser, vectors: Mapping[str, NDArray[Any]], dims: Mapping[str, int]) -> NDArray[np.float32]:
    """One thing's vectors as one: (dim,)."""
    return np.asarray(fuser.fuse(Views.of([vectors], dims, TOKENS))[0], np.float32)
