"""Other encoders than those that the collection was made with: which vectors are stale, and how they are replaced.

    begun -> filled (`flows.reconciliation.reencode`), source by source -> switched -> copied to the name -> done

A stale vector `image` goes on answering with its own encoder's fingerprint while `image_next` is filled beside it. When
no source of the collection is left, one write of the metadata lets `image_next` answer; then `image` is made anew and
its vectors are copied back, so that a plain client finds them under the name that it knows. An encoder that is added
fills its vector under its own name from the start. Each step can be interrupted: the metadata (`MIGRATIONS`) tells
where it stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from flows.ingestion.points import named_vectors
from schemas import VectorSpec, payload
from schemas.payload import State
from schemas.vectors import FUSED, LEXICAL, MIGRATIONS, NEXT

if TYPE_CHECKING:
    from qdrant_client import models

    from store import Store

PAGE = 256  # points copied with one request
T = TypeVar("T")


@dataclass(slots=True)
class Migration:
    """A named vector that is being given another encoder, or is new.

    Attributes:
        name: what a person calls it.
        spec: of the named vector that is filled.
        before: fingerprint of the encoder that it had; None where it is new.
        done: sources whose items have all been encoded.
    """

    name: str
    spec: VectorSpec
    before: str | None = None
    done: set[str] = field(default_factory=set)

    @property
    def into(self) -> str:
        """The named vector that is filled."""
        return self.spec.name


def stale(
    vectors: Mapping[str, VectorSpec], metadata: Mapping[str, Any], wanted: Sequence[VectorSpec]
) -> list[Migration]:
    """What must be encoded so that a collection has the wanted vectors; pure.

    Words are searched by one sparse vector, which is remade within seconds from what the payloads say: it is emptied
    and filled under its own name.

    Args:
        vectors: those that answer: `vectors_in_use`.
        metadata: `Store.metadata()`.
        wanted: the vectors that the encoders make.
    """
    begun: Mapping[str, Any] = metadata.get(MIGRATIONS, {})
    found = []
    for spec in wanted:
        have, noted = vectors.get(spec.name), begun.get(spec.name)
        same = have is not None and have.fingerprint == spec.fingerprint
        if same and (noted is None or noted["switched"]):
            continue
        into, done = spec.name, set()
        if noted is not None and noted["to"] == spec.fingerprint:
            into, done = noted["into"], set(noted["done"])
        elif have is not None and not same and spec.name != LEXICAL:
            into = spec.name + NEXT
        before = have.fingerprint if have is not None and not same else None
        found.append(Migration(spec.name, replace(spec, name=into), before, done))
    return found


def unwanted(vectors: Mapping[str, VectorSpec], wanted: Sequence[VectorSpec]) -> dict[str, VectorSpec]:
    """The vectors of a collection that the encoders do not make."""
    names = {spec.name for spec in wanted} | {FUSED}  # which no encoder makes
    return {name: spec for name, spec in vectors.items() if name not in names and not name.endswith(NEXT)}


def begin(store: Store, migrations: Sequence[Migration], wanted: Sequence[VectorSpec]) -> None:
    """Note the migrations, and make the vectors that they fill; those that were begun and are no longer wanted go.

    Raises:
        StoreError: the store cannot be written.
    """
    vectors = store.vectors()
    # What is not made any more is incomplete from now on, and is filled up should it be wanted again.
    notes = {name: _note(Migration(name, spec)) for name, spec in unwanted(vectors, wanted).items()}
    notes |= {migration.name: _note(migration) for migration in migrations}
    if store.metadata().get(MIGRATIONS, {}) != notes:
        store.set_metadata({MIGRATIONS: notes or None})
    filled = {migration.into for migration in migrations}
    for name in vectors:
        if name.endswith(NEXT) and name not in filled:
            store.drop_vector(name)
    for migration in migrations:
        have = vectors.get(migration.into)
        if have is None or have.fingerprint != migration.spec.fingerprint:
            store.replace_vector(migration.spec)


def advance(store: Store, migration: Migration, source: str) -> bool:
    """Note that a source is done; where none is left, switch. Says whether the migration is over.

    Raises:
        StoreError: the store cannot be written.
    """
    migration.done.add(source)
    over = not left(store, migration)
    notes: dict[str, Any] = dict(store.metadata().get(MIGRATIONS, {}))
    if over and migration.into == migration.name:
        del notes[migration.name]
        store.set_metadata({MIGRATIONS: notes or None})
        return True
    store.set_metadata({MIGRATIONS: notes | {migration.name: _note(migration, switched=over)}})
    if over:
        _replace(store, migration.name, migration.into)
    return over


def switch(store: Store, name: str, filled: VectorSpec, metadata: Mapping[str, Any]) -> None:
    """Let a vector that is filled answer for `name`, by one write together with `metadata`, and give it that name.

    Raises:
        StoreError: the store cannot be written.
    """
    notes: dict[str, Any] = dict(store.metadata().get(MIGRATIONS, {}))
    notes[name] = _note(Migration(name, filled), switched=True)
    store.set_metadata({MIGRATIONS: notes, **metadata})
    _replace(store, name, filled.name)


def left(store: Store, migration: Migration) -> list[str]:
    """The sources that have yet to be encoded."""
    from qdrant_client import models

    indexed = models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=State.INDEXED.value))
    sources = store.facet(payload.SOURCE, models.Filter(must=[indexed]), limit=10_000)
    return sorted({str(source) for source in sources} - migration.done)


def resume(store: Store) -> None:
    """Go on with what was interrupted after the switch: it needs no encoder.

    Raises:
        StoreError: the store cannot be written.
    """
    for name, note in store.metadata().get(MIGRATIONS, {}).items():
        if note["switched"]:
            _replace(store, name, note["into"])


def _note(migration: Migration, *, switched: bool = False) -> dict[str, Any]:
    return {
        "to": migration.spec.fingerprint,
        "into": migration.into,
        "switched": switched,
        "done": sorted(migration.done),
    }


def _replace(store: Store, name: str, into: str) -> None:
    """Give the vectors of `into` to `name`, and drop `into`; `into` answers meanwhile."""
    from qdrant_client import models

    vectors = store.vectors()
    if into in vectors:
        if vectors[name].fingerprint != vectors[into].fingerprint:
            store.replace_vector(replace(vectors[into], name=name))
        # A point is done when its payload speaks of `name`, which is written after its vector.
        waiting = models.Filter(
            must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key=f"{payload.ENCODERS}.{into}"))]
        )
        for page in pages(store.scroll_all(waiting, PAGE, with_payload=[payload.ENCODERS], with_vectors=[into])):
            vectors_of = {record.id: named_vectors(record) for record in page}
            store.update_vectors(
                [
                    models.PointVectors(id=identity, vector={name: vector[into]})
                    for identity, vector in vectors_of.items()
                    if into in vector
                ]
            )
            set_encoders(store, page, lambda encoders: _renamed(encoders, into, name))
    notes = {other: note for other, note in store.metadata().get(MIGRATIONS, {}).items() if other != name}
    store.set_metadata({MIGRATIONS: notes or None})
    store.drop_vector(into)


def pages(records: Iterable[T], size: int = PAGE) -> Iterator[list[T]]:
    """Records, or points, in lists of this size."""
    rest = iter(records)
    while page := list(islice(rest, size)):
        yield page


def set_encoders(store: Store, records: Iterable[models.Record], change: Any) -> None:
    """Change what payloads say of the encoders; points that say the same are written together."""
    alike: dict[tuple[tuple[str, str], ...], list[Any]] = {}
    for record in records:
        encoders = change((record.payload or {}).get(payload.ENCODERS, {}))
        alike.setdefault(tuple(sorted(encoders.items())), []).append(record.id)
    for encoders, ids in alike.items():
        store.set_payload({payload.ENCODERS: dict(encoders)}, ids, sync=False)


def _renamed(encoders: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    return {new if name == old else name: made_by for name, made_by in encoders.items()}
