"""What each region of a picture, or each word of a passage, had to do with the fused vector of a hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion.attention import Attention
from fusion.views import runs
from query.fused import TOKENS
from query.maps import grid_of
from schemas.answer import Region

if TYPE_CHECKING:
    from query.fused import Fusing
    from query.maps import Map

SHOWN = 5  # regions that are told of each vector, the foremost first


class Regions:
    """Of one hit.

    Args:
        fusing: the fit in use.
        vectors: of the hit.
        question: its fused vector.
        beside: vectors of the segments beside the hit: see `query.fused.Fusing.attention`.

    Attributes:
        given: by named vector, what each of its vectors gave to the score: (n,). Together they are all of it.
        attended: by named vector of several, how much the hit's vectors of other senses attended to each: (n,).
    """

    def __init__(
        self,
        fusing: Fusing,
        vectors: Mapping[str, Any],
        question: NDArray[Any],
        beside: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.given: dict[str, NDArray[np.float64]] = {}
        self.attended: dict[str, NDArray[np.float64]] = {}
        fuser = fusing.fuser()
        if fuser is None:
            return
        views = fusing.views(fuser, vectors, beside)
        self._rows = fusing.rows(vectors)
        for name, rows in fuser.parts(views).items():
            if name in views.tokens and views.has(name)[0]:
                self.given[name] = self._spread(name, rows[0][views.there[name][0]] @ question)
        if isinstance(fuser, Attention) and fuser.moved:
            self._attend(fuser, views)

    def _attend(self, fuser: Attention, views: Any) -> None:
        """The weights of the last block, the mean over its heads and over who attended."""
        names = np.array(fuser.token_names(views))
        own = fuser.explained(views)[1][fuser.shape.blocks - 1][0].mean(axis=0)
        there = np.concatenate([views.there[name][0] for name in views.names])
        for name in self._rows:
            others = [o for o in views.names if fuser.senses.get(o, o) != fuser.senses.get(name, name)]
            asking, told = np.isin(names, others) & there, (names == name) & there
            if asking.any():
                self.attended[name] = self._spread(name, own[np.ix_(asking, told)].mean(axis=0))

    def _spread(self, name: str, values: NDArray[Any]) -> NDArray[np.float64]:
        """What was told of runs of vectors (`fusion.views.pooled_rows`), shared out among the vectors of each."""
        count = self._rows.get(name, len(values))
        lengths = np.diff([*runs(count, TOKENS), count])
        return np.asarray(np.repeat(values / lengths, lengths), np.float64)

    def told(self) -> list[Region]:
        """The foremost regions of each vector of several."""
        found = []
        for name in self._rows:
            given = self.given.get(name, np.zeros(0))
            for at in np.argsort(-given, kind="stable")[:SHOWN]:
                weights = self.attended.get(name)
                found.append(
                    Region(
                        vector=name,
                        number=int(at) + 1,
                        of=len(given),
                        given=round(float(given[at]), 4),
                        attended=None if weights is None else round(float(weights[at]), 4),
                    )
                )
        return found

    def over_frames(self, name: str, shapes: Sequence[tuple[int, int]]) -> tuple[int, Map, Map | None] | None:
        """The frame that gave the most, what each part of it gave, and how much more than others it was attended to.

        Args:
            name: of the vector, which holds pictures.
            shapes: height and width of the hit's frames.

        Returns:
            None where its vectors form no grid.
        """
        given = self.given.get(name)
        if given is None or not shapes or len(given) % len(shapes):
            return None
        frames = given.reshape(len(shapes), -1)
        best = int(frames.sum(axis=1).argmax())
        grid = grid_of(frames.shape[1], shapes[best][0] / shapes[best][1])
        if grid is None:
            return None
        kept = grid[0] * grid[1]
        weights = self.attended.get(name)
        told = None if weights is None else weights.reshape(frames.shape)[best, :kept].reshape(grid) - weights.mean()
        return best, frames[best, :kept].reshape(grid), told
