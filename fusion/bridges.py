"""Every kind of bridge between two spaces, and which of them a collection's own pairs speak for.

Ridge regression is the baseline (`fusion.bridge`), and stays unless another finds more of the pairs that are left
out, by a paired test over groups of equal sources (p < 0.05, shared out among all that are tried): `cca`, canonical
correlation with the kernel features of the source (`fusion.cca`); `mlp`, a hidden layer on top of the ridge, trained
by InfoNCE; `attention`, which reads the target from the pairs that a source attends to (`fusion.memory`); `flow`,
which generates several plausible targets (`fusion.generate`). All lead to the target space as it is, so that nothing
there has to be encoded or written anew; a map on both sides is the business of a fused vector (`fusion.fused`,
`fusion.attention`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fusion.bridge import MOST_JUDGED, TINY, TOP, Bridge, folds_of
from fusion.cca import canonical
from fusion.evaluation import compare
from fusion.generate import Generator
from fusion.likeness import LANDMARKS, inverse_root, landmarks_of, likeness
from fusion.memory import Memory
from fusion.mlp import Mlp
from fusion.training import trainable
from fusion.views import Vectors
from schemas import UnknownNameError
from schemas.evaluation import Comparison

RIDGE, CCA, MLP, ATTENTION, FLOW = "ridge", "cca", "mlp", "attention", "flow"


class AnyBridge(Protocol):
    """What sends vectors of one space to where they belong in another."""

    source: str
    target: str
    pairs: int
    recall: float | None

    def project(self, vectors: Vectors) -> Vectors:
        """Sends source vectors (n, d_in) to the target space: float32 (n, d_out), of length 1."""

    def arrays(self) -> dict[str, Vectors]:
        """The arrays to store."""

    def meta(self) -> dict[str, Any]:
        """What to store beside the arrays: plain JSON values."""


Fit = Callable[..., Any]
"""`(source_vectors, target_vectors, source=…, target=…, weigh=…)` to a bridge."""


def fit_cca(x: Vectors, y: Vectors, *, source: str, target: str, weigh: bool = True) -> Bridge:
    """A bridge by canonical correlation: k(x, landmarks) Wx Wy', as a map into the target space as it is."""
    landmarks = landmarks_of(np.asarray(x, np.float64), LANDMARKS)
    root = inverse_root(likeness(landmarks, landmarks))
    features = likeness(x, landmarks) @ root
    wx, wy, _ = canonical(features, y)
    matrix = root @ wx @ wy.T
    return Bridge(
        source=source,
        target=target,
        landmarks=landmarks.astype(np.float32),
        matrix=matrix.astype(np.float32),
        offset=np.asarray(features.mean(axis=0) @ wx @ wy.T, np.float32),
        pairs=len(x),
        penalty=1.0,
        kind=CCA,
    )


FITS: dict[str, Fit] = {RIDGE: Bridge.fit, CCA: fit_cca, MLP: Mlp.fit, ATTENTION: Memory.fit, FLOW: Generator.fit}
"""How each kind is fitted."""

TRAINED = (MLP, ATTENTION, FLOW)
"""The kinds that torch trains."""

_KEPT: dict[str, Callable[..., Any]] = {
    RIDGE: Bridge.from_arrays,
    CCA: Bridge.from_arrays,
    MLP: Mlp.from_arrays,
    ATTENTION: Memory.from_arrays,
    FLOW: Generator.from_arrays,
}


def load(arrays: Mapping[str, Vectors], meta: Mapping[str, Any]) -> Any:
    """The bridge that was kept.

    Raises:
        UnknownNameError: it is of a kind that this version does not know.
    """
    kind = str(meta.get("kind", RIDGE))
    if kind not in _KEPT:
        raise UnknownNameError("bridge", kind, _KEPT)
    return _KEPT[kind](arrays, meta)


def fit(kind: str, x: Vectors, y: Vectors, *, source: str, target: str, weigh: bool = True) -> Any:
    """A bridge of a kind.

    Raises:
        UsageError: see `fusion.bridge.Bridge.fit`.
    """
    return FITS[kind](x, y, source=source, target=target, weigh=weigh)


def select(
    x: Vectors,
    y: Vectors,
    *,
    source: str,
    target: str,
    weigh: bool = True,
    kinds: Mapping[str, Fit] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Any, dict[str, Comparison]]:
    """The bridge of the kind that finds most of the pairs left out, fitted on all; and each kind against the ridge.

    Args:
        x: (n, d_in).
        y: (n, d_out), row i of the same thing as row i of x.
        source: fingerprint of the source's encoder.
        target: fingerprint of the target's encoder.
        weigh: see `fusion.bridge.Bridge.fit`.
        kinds: those that are tried besides the ridge; all that can be trained here unless given.
        progress: is told how many fits are done of how many.

    Raises:
        UsageError: see `fusion.bridge.Bridge.fit`.
    """
    able = {kind: make for kind, make in FITS.items() if kind not in TRAINED or trainable()}
    tried = {RIDGE: FITS[RIDGE], **(able if kinds is None else kinds)}
    whole = fit(RIDGE, x, y, source=source, target=target, weigh=weigh)  # tells first what is wrong with the pairs
    folds, groups = folds_of(x)
    ranks: dict[str, list[NDArray[np.float64]]] = {kind: [] for kind in tried}
    done = 0
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(x)), fold)
        judged = fold[:MOST_JUDGED]
        for kind, make in tried.items():
            made = make(x[rest], y[rest], source=source, target=target, weigh=weigh)
            ranks[kind].append(places(made, x[judged], y[judged]))
            done += 1
            if progress is not None:
                progress(done, len(folds) * len(tried))
    asked = np.concatenate([groups[fold[:MOST_JUDGED]] for fold in folds])
    found = {kind: 1.0 / (1.0 + np.concatenate(parts)) for kind, parts in ranks.items()}
    against = {
        kind: compare(found[RIDGE], values, asked, measure="mrr") for kind, values in found.items() if kind != RIDGE
    }
    winners = [kind for kind, comparison in against.items() if comparison.won_among(len(against))]
    best = max(winners, key=lambda kind: against[kind].after, default=RIDGE)
    if best == RIDGE:
        return whole, against
    chosen = tried[best](x, y, source=source, target=target, weigh=weigh)
    recall = float((np.concatenate(ranks[best]) < TOP).mean()) if whole.recall is not None else None
    return replace(chosen, recall=recall, chance=whole.chance), against


def places(bridge: Any, x: Vectors, y: Vectors) -> NDArray[np.float64]:
    """The place from 0 of each source's own target among all of them."""
    scores = scores_of(bridge, x, y)
    return np.asarray((scores > np.diag(scores)[:, None] + TINY).sum(axis=1), np.float64)


def scores_of(bridge: Any, x: Vectors, y: Vectors) -> NDArray[Any]:
    """What each source finds among the targets: (sources, targets); several guesses count by the best of them."""
    if hasattr(bridge, "guesses"):
        return np.asarray(np.einsum("nsd,md->nsm", bridge.guesses(x), y).max(axis=1))
    return np.asarray(bridge.project(x) @ y.T)
