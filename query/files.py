"""A file that is asked with, on this machine or sent along -> its pictures and sounds.

What was sent along is anybody's: it is read in a child process, within its limits of time and memory.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from encoders import Clip, spread
from encoders.contents import FRAMES
from query.limits import read_limits
from readers import Event, IsolatedReader, Job, Opened, read
from schemas import FoundFile, Modality, ReadError, ReadOptions, Segment, UsageError
from schemas.fields import Upload

NOT_HASHED = "-"  # what is asked with is not looked for by its bytes
SEGMENTS = 64
"""Segments of a long sound or clip that a question is made from: some minutes."""


def contents(
    given: Path | Upload, modality: Modality, sample_rate: int, frames: int = FRAMES
) -> dict[Modality, list[Any]]:
    """The scenes, the pictures and the sounds of a file.

    Raises:
        UsageError: it is not there, or cannot be read, or is of another modality.
    """
    options = ReadOptions(sample_rate=sample_rate, frames=frames)
    with _on_disk(given) as (path, name):
        try:
            stat = path.stat()
            reading = _read_apart if isinstance(given, Upload) else _read
            found_as, segments = reading(path, FoundFile(path.name, stat.st_size, stat.st_mtime_ns), options)
        except FileNotFoundError as error:
            raise UsageError(f"There is no file {name!r}.") from error
        except OSError as error:
            raise UsageError(f"{name!r} cannot be read: {error.strerror}.") from error
        except ReadError as error:
            raise UsageError(f"{name!r} cannot be read: {error}") from error
    if found_as is not modality:
        raise UsageError(f"{name!r} is {_named(found_as)}, not {_named(modality)}.")
    found: dict[Modality, list[Any]] = {
        Modality.VIDEO: [clip for segment in segments if (clip := Clip.of(segment)) is not None],
        Modality.IMAGE: [frame for segment in segments for frame in spread(segment.frames)],
        Modality.AUDIO: [segment.sound for segment in segments if segment.sound is not None],
    }  # the words in a file are not what it is shown for
    return {kind: several for kind, several in found.items() if several}


def _read(path: Path, found: FoundFile, options: ReadOptions) -> tuple[Modality, list[Segment]]:
    reading = read(path, found, options)
    return reading.modality, list(islice(reading.segments, SEGMENTS))


def _read_apart(path: Path, found: FoundFile, options: ReadOptions) -> tuple[Modality, list[Segment]]:
    with closing(read_apart(path, found, options)) as events:
        modality = next((event.modality for event in events if isinstance(event, Opened)), Modality.TEXT)
        segments = (event for event in events if isinstance(event, Segment))
        return modality, list(islice(segments, SEGMENTS))


def read_apart(path: Path, found: FoundFile, options: ReadOptions) -> Generator[Event]:
    """What a file holds, read in a child process, within its limits of time and memory. Close it to end the child.

    Raises:
        ReadError: the file cannot be read.
    """
    with IsolatedReader(options, read_limits()) as reader:
        for events in reader.read([Job(str(path), found, hash=NOT_HASHED)]):
            for _, event in events:
                if isinstance(event, ReadError):
                    raise event
                yield event


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


def _named(modality: Modality) -> str:
    return {"text": "a text", "image": "a picture", "audio": "a sound", "video": "a clip"}[modality]
