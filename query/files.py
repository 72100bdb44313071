"""A file that is asked with, on this machine or sent along -> what it has for each named vector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from readers import read
from schemas import EncoderSpec, FoundFile, Modality, ReadError, Segment, UsageError
from schemas.search import Upload

SEGMENTS = 64
"""Segments of a long sound or clip that a question is made from: some minutes."""


def contents(given: Path | Upload, modality: Modality, specs: Mapping[str, EncoderSpec]) -> dict[str, list[Any]]:
    """What a file has for each named vector: pictures, or sounds.

    Raises:
        UsageError: it is not there, or cannot be read, or is of another modality.
    """
    with _on_disk(given) as (path, name):
        try:
            stat = path.stat()
            reading = read(path, FoundFile(path.name, stat.st_size, stat.st_mtime_ns))
            segments = [segment for segment, _ in zip(reading.segments, range(SEGMENTS), strict=False)]
        except FileNotFoundError as error:
            raise UsageError(f"There is no file {name!r}.") from error
        except OSError as error:
            raise UsageError(f"{name!r} cannot be read: {error.strerror}.") from error
        except ReadError as error:
            raise UsageError(f"{name!r} cannot be read: {error}") from error
    if reading.modality is not modality:
        raise UsageError(f"{name!r} is {_named(reading.modality)}, not {_named(modality)}.")
    found = {vector: _of_modality(segments, spec.modalities) for vector, spec in specs.items()}
    return {vector: values for vector, values in found.items() if values}


@contextmanager
def _on_disk(given: Path | Upload) -> Iterator[tuple[Path, str]]:
    """The file's path, and what to call it. Bytes are put in a file first: films are read from one."""
    if isinstance(given, Path):
        yield given, str(given)
        return
    with TemporaryDirectory(prefix="medley-") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(given.data)
        yield path, given.name


def _of_modality(segments: Sequence[Segment], modalities: Sequence[Modality]) -> list[Any]:
    if Modality.IMAGE in modalities:
        return [frame for segment in segments for frame in segment.frames]
    if Modality.AUDIO in modalities:
        return [segment.sound for segment in segments if segment.sound is not None]
    return []  # the words in a file are not what it is shown for


def _named(modality: Modality) -> str:
    return {"text": "a text", "image": "a picture", "audio": "a sound", "video": "a clip"}[modality]
