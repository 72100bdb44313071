"""A question -> the vectors it can reach, each with why it can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion.bridge import Bridge
from readers import read
from schemas import FoundFile, Modality, ReadError, Segment, UnknownNameError, UsageError
from schemas.vectors import LEXICAL, bridge_name

if TYPE_CHECKING:
    from encoders import EncoderSet
    from query.question import Question
    from store import Store

BRIDGED = 0.5
"""Weight of a vector reached through a bridge: it finds, but with less precision than a direct one."""

Embedding = NDArray[np.float32]

SEGMENTS = 64
"""Segments of a long sound or clip that a question is made from: some minutes."""


@dataclass(slots=True)
class Encoded:
    """A question's vectors by named vector, their default weights, and what the person should know."""

    vectors: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, list[Embedding]] = field(default_factory=dict)  # what the dense ones are averaged from
    weights: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def encode_question(question: Question, encoders: EncoderSet, store: Store) -> Encoded:
    """Encode each part of the question once for every named vector that it can reach.

    Parts that reach the same vector (a picture and a clip) are averaged.

    Raises:
        UsageError: a file cannot be read, or no vector is left to search.
        UnknownNameError: `using` names a vector that the collection does not have.
    """
    wanted = _wanted(question, encoders)
    encoded = Encoded()
    if question.text:
        _encode_text(encoded, question.text, wanted, encoders, store)
    for path, modality in _files(question):
        for vector, contents in _contents(path, modality, encoders).items():
            if vector in wanted:
                kind = Modality.AUDIO if contents[0].ndim == 1 else Modality.IMAGE
                encoded.parts.setdefault(vector, []).append(_mean(encoders[vector].encode(contents, kind)))
                encoded.weights[vector] = 1.0
    for vector, several in encoded.parts.items():
        encoded.vectors[vector] = _mean(np.stack(several))
    if not encoded.vectors:
        reason = f" ({encoded.notes[0]})" if encoded.notes else ""
        asked = ", ".join(question.using) if question.using else "any vector of the collection"
        raise UsageError(f"This question cannot reach {asked}{reason}.")
    return encoded


def _wanted(question: Question, encoders: EncoderSet) -> set[str]:
    known = {*encoders, LEXICAL}
    for name in question.using:
        if name not in known:
            raise UnknownNameError("vector", name, known)
    return set(question.using) or known


def _encode_text(encoded: Encoded, text: str, wanted: set[str], encoders: EncoderSet, store: Store) -> None:
    if LEXICAL in wanted:
        words = encoders.lexical.query(text)
        if words.indices:  # a question of stop words alone has none
            encoded.vectors[LEXICAL] = words
            encoded.weights[LEXICAL] = 1.0
    direct = encoders.vectors_for(Modality.TEXT)
    embedding: Embedding | None = None
    for vector in direct:
        made = encoders[vector].encode([text], Modality.TEXT)[0]
        embedding = made if embedding is None else embedding
        if vector in wanted:
            encoded.parts[vector] = [made]
            encoded.weights[vector] = 1.0
    for vector in encoders.vectors_for(Modality.IMAGE):
        if vector in direct or vector not in wanted or embedding is None:
            continue
        bridge = _bridge(store, direct[0], vector, encoders)
        if bridge is None:
            encoded.notes.append(
                "Words reach pictures only through their captions here: the collection has too few captioned pictures."
            )
        else:
            encoded.parts[vector] = [bridge.project(embedding[None])[0]]
            encoded.weights[vector] = BRIDGED


def _bridge(store: Store, source: str, target: str, encoders: EncoderSet) -> Bridge | None:
    """The collection's bridge between two named vectors, if it was fitted for the encoders in use."""
    kept = store.load_artifact(bridge_name(source, target))
    if kept is None:
        return None
    bridge = Bridge.from_arrays(*kept)
    prints = encoders.specs[source].fingerprint, encoders.specs[target].fingerprint
    return bridge if (bridge.source, bridge.target) == prints else None


def _files(question: Question) -> Iterator[tuple[Path, Modality]]:
    for path, modality in (
        (question.image, Modality.IMAGE),
        (question.audio, Modality.AUDIO),
        (question.video, Modality.VIDEO),
    ):
        if path is not None:
            yield path, modality


def _contents(path: Path, modality: Modality, encoders: EncoderSet) -> dict[str, list[Any]]:
    """What a file has for each named vector.

    Raises:
        UsageError: it is not there, or cannot be read, or is of another modality.
    """
    try:
        stat = path.stat()
        reading = read(path, FoundFile(path.name, stat.st_size, stat.st_mtime_ns))
        segments = [segment for segment, _ in zip(reading.segments, range(SEGMENTS), strict=False)]
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {str(path)!r}.") from error
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    except ReadError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error}") from error
    if reading.modality is not modality:
        raise UsageError(f"{str(path)!r} is {_named(reading.modality)}, not {_named(modality)}.")
    contents = {vector: _of_modality(segments, spec.modalities) for vector, spec in encoders.specs.items()}
    return {vector: values for vector, values in contents.items() if values}


def _of_modality(segments: Sequence[Segment], modalities: Sequence[Modality]) -> list[Any]:
    if Modality.IMAGE in modalities:
        return [frame for segment in segments for frame in segment.frames]
    if Modality.AUDIO in modalities:
        return [segment.sound for segment in segments if segment.sound is not None]
    return []  # the words in a file are not what it is shown for


def _mean(vectors: Embedding) -> Embedding:
    """The mean of vectors (n, dim), of length 1 like each of them."""
    if len(vectors) == 1:
        only: Embedding = vectors[0]
        return only
    mean = vectors.mean(axis=0)
    norm = float(np.linalg.norm(mean))
    return np.asarray(mean / norm if norm > 0 else mean, np.float32)


def _named(modality: Modality) -> str:
    return {"text": "a text", "image": "a picture", "audio": "a sound", "video": "a clip"}[modality]
