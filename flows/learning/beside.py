"""What segments are told by those beside them in their item: whether that helps, and their vectors from the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from flows.learning.things import FIELDS, Things, encoded
from flows.reconciliation.migrate import PAGE
from fusion.attention import Attention
from fusion.beside import Beside, around
from fusion.context import REACH, fit_context
from fusion.contrast import Training
from fusion.evaluation import compare
from fusion.held import Questions, fused_scores, told_beside
from schemas import VectorSpec, payload

if TYPE_CHECKING:
    from qdrant_client import models

    from fusion.views import Views
    from store import Store

DECIDES = "mrr"


def listening(fuser: Attention, things: Things, training: Training) -> Attention:
    """The attention with what segments are told by those beside them, where that finds more of what was left out."""
    told, held = heard(fuser, things, training), things.left_out
    if not told.shape.reach:
        return told
    some = told_beside(things.views, things.groups, things.items, _around(things), among=held)
    if not some:
        return told.deaf()

    def ranks(found: Callable[[Questions], Views]) -> NDArray[np.float64]:
        return np.concatenate(
            [one.measure(fused_scores(told, one.asked, found(one)), [DECIDES])[DECIDES] for one in some]
        )

    groups, full = np.concatenate([one.groups for one in some]), ranks(lambda one: one.found)
    # Who is told anything at all is found first now and then: it must be for what it is told.
    tests = {
        "nothing": compare(ranks(lambda one: one.found.alone()), full, groups, measure=DECIDES),
        "strangers": compare(ranks(lambda one: one.among_strangers()), full, groups, measure=DECIDES),
    }
    against = {name: test.model_dump(mode="json") for name, test in tests.items()}
    trained = {**told.trained, "beside": {**told.trained["beside"], "against": against}}
    return replace(told if all(test.won for test in tests.values()) else told.deaf(), trained=trained)


def said(fuser: Attention) -> str:
    """What a person should know of it; "" where nothing lies beside anything."""
    known: Mapping[str, Any] | None = fuser.trained.get("beside")
    if known is None:
        return ""
    test = known.get("against", {}).get("nothing")
    found = f" (left out: MRR {test['before']:.2f} without, {test['after']:.2f} with it)" if test else ""
    if fuser.shape.reach:
        return f"Segments are told what they lack by those beside them in their item{found}."
    return (
        f"Segments are not told what they lack by those beside them in their item: that was not found to help{found}."
    )


def heard(fuser: Attention, things: Things, training: Training) -> Attention:
    """The attention with what segments are told by those beside them, where something is learnt of that."""
    return fit_context(
        fuser,
        things.views,
        things.groups,
        things.items,
        _around(things),
        among=~things.left_out,
        seed=training.seed,
        threads=training.threads,
    )


def _around(things: Things) -> NDArray[np.intp]:
    """The rows beside each: the segments of an item are all learnt from or all left out."""
    return around(things.items, things.segments, REACH)


def read_beside(
    store: Store, page: Sequence[models.Record], specs: Mapping[str, VectorSpec], reach: int
) -> Beside | None:
    """The vectors of the segments beside those of a page; None where there are none."""
    wanted = [payload.ids_beside(record.payload or {}, reach) for record in page]
    known = {str(record.id): record for record in page}
    lacking = sorted({one for ids in wanted for one in ids if one} - known.keys())
    names = [spec.name for spec in specs.values()]
    for start in range(0, len(lacking), PAGE):
        found = store.retrieve(lacking[start : start + PAGE], with_payload=list(FIELDS), with_vectors=names)
        known |= {str(record.id): record for record in found}
    rows = [
        # What an evaluation sets apart is no longer of the same item.
        [
            encoded(known[one], specs)
            if one in known and (known[one].payload or {}).get(payload.ITEM) == (record.payload or {}).get(payload.ITEM)
            else {}
            for one in ids
        ]
        for record, ids in zip(page, wanted, strict=True)
    ]
    if not any(vectors for some in rows for vectors in some):
        return None
    return Beside.of(rows, {name: spec.dim for name, spec in specs.items()})
