"""The vector `fused`: written in place from what the collection has, and given to what comes later.

No file is opened for it and nothing is encoded. While another fit is put in use, `fused_next` is filled beside it; one
write of the metadata lets that one answer, and then it is copied to the name that clients know (see
`flows.reconciliation.migrate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flows.ingestion.progress import tell
from flows.learning.beside import read_beside
from flows.learning.things import FIELDS, PLACE, TOKENS, encoded, having
from flows.reconciliation.migrate import pages, set_encoders, switch
from fusion import fusers
from fusion.attention import reach_of
from fusion.views import Fuser, Views
from schemas import StoreError, VectorSpec, payload
from schemas.vectors import FIT, FUSED, NEXT, vectors_in_use

if TYPE_CHECKING:
    from store import Store


def put_in_use(store: Store, fuser: Fuser, version: str, fingerprint: str, *, asked: bool) -> None:
    """Give every segment the vector that a fusion makes of its vectors, and let questions use it.

    Args:
        store: the store.
        fuser: the fusion.
        version: the name under which it is kept.
        fingerprint: of its weights.
        asked: whether questions use it without being told to.

    Raises:
        StoreError: the store cannot be written.
    """
    have = store.vectors()
    note = {"version": version, "fingerprint": fingerprint, "inputs": dict(fuser.inputs), "asked": asked}
    if FUSED in have and have[FUSED].fingerprint == fingerprint:
        fill(store, fuser, have[FUSED])
        store.set_metadata({FUSED: note})
        return
    into = FUSED + NEXT if FUSED in have and store.metadata().get(FUSED) else FUSED
    spec = VectorSpec(into, fuser.dim, fuser.distance, fingerprint, quantization="scalar")
    if into not in have or have[into].fingerprint != fingerprint:
        store.replace_vector(spec)
    fill(store, fuser, spec)
    if into == FUSED:
        store.set_metadata({FUSED: note})
    else:
        switch(store, FUSED, spec, {FUSED: note})


def fill(store: Store, fuser: Fuser, spec: VectorSpec) -> int:
    """Give the vector to the segments that lack it; returns how many."""
    from qdrant_client import models

    vectors = vectors_in_use(store.vectors(), store.metadata())
    specs = {name: vectors[name] for name in fuser.inputs if name in vectors}
    dims = {name: one.dim for name, one in specs.items()}
    condition, done = having(specs, lacking=spec.name), 0
    total = store.count(condition)
    reach = reach_of(fuser)
    fields = [*FIELDS, *(PLACE if reach else ()), payload.ENCODERS]
    names = [one.name for one in specs.values()]
    for page in pages(store.scroll_all(condition, with_payload=fields, with_vectors=names)):
        views = Views.of([encoded(record, specs) for record in page], dims, TOKENS)
        if reach:
            views = replace(views, beside=read_beside(store, page, specs, reach))
        made = fuser.fuse(views)
        # A segment whose only vectors were inferred has nothing to fuse.
        some = [(record, row) for record, row in zip(page, made, strict=True) if row.any()]
        set_encoders(store, [record for record, _ in some], lambda made_by: made_by | {spec.name: spec.fingerprint})
        if some:
            store.update_vectors(
                [models.PointVectors.model_construct(id=record.id, vector={spec.name: row}) for record, row in some]
            )
        done += len(page)
        tell("fuse", done, total)
    store.sync()
    return done


def refresh(store: Store) -> list[str]:
    """Give what came since the last run its fused vector; returns what a person should know."""
    note: Mapping[str, Any] | None = store.metadata().get(FUSED)
    if note is None:
        return []
    have = vectors_in_use(store.vectors(), store.metadata())
    method = str(note["version"]).rpartition("-")[0]
    if FUSED not in have:  # somebody dropped it: it is not wanted any more
        store.set_metadata({FUSED: None})
        return []
    stale = sorted(n for n, print_ in note["inputs"].items() if n not in have or have[n].fingerprint != print_)
    if stale:
        return [
            f"The fused vectors were made of other vectors {', '.join(stale)} than the collection has now, and are not "
            f"searched: run `medley fit {method}` again."
        ]
    kept = store.load_artifact(artifact(note["version"]))
    if kept is None:
        raise StoreError(f"The fit {note['version']} of {store.location} is gone: run `medley fit {method}` again.")
    fill(store, fusers.load(*kept), have[FUSED])
    return []


def artifact(version: str) -> str:
    """The name under which the store keeps a version."""
    return FIT + version


def next_version(store: Store, method: str) -> str:
    """Numbers go up, and none is given twice."""
    start = f"{FIT}{method}-"
    numbers = [int(name.removeprefix(start)) for name in store.artifacts() if name.startswith(start)]
    return f"{method}-{max(numbers, default=0) + 1:04}"
