"""Files read in child processes: what crashes, hangs or eats memory costs itself and nothing else."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from readers import Closed, Draw, Drawn, IsolatedReader, Job, Opened, content_hash, found_file, preview, read
from readers.isolated import arena, wire
from readers.isolated import reader as module
from readers.isolated.child import Outbox
from schemas import Modality, ReadError, ReadOptions, Segment, UnsupportedError
from schemas.limits import ReadLimits
from tests.media import clip, pdf, picture, tone

FAULTS = """
import os, signal, sys, time

def sabotage():
    sniff = sys.modules["readers.sniff"]  # the package has a function of this name
    decode = sniff.decode_text
    def decoded(data):
        if data.startswith(b"CRASH"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if data.startswith(b"HANG"):
            time.sleep(600)
        return decode(data)
    sniff.decode_text = decoded

import readers.isolated.child as child
serve = child.serve
def sabotaged(*ends):
    sabotage()
    serve(*ends)
child.serve = sabotaged
"""


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host whose children crash on texts that begin with CRASH, and hang on those that begin with HANG."""
    home = tmp_path / "faults"
    home.mkdir()
    (home / "faults.py").write_text(FAULTS)
    boot = module._BOOT.replace("from readers.isolated.host", "import faults\nfrom readers.isolated.host")
    monkeypatch.setattr(module, "_BOOT", boot)
    monkeypatch.syspath_prepend(str(home))
    host = module._Host()
    monkeypatch.setattr(module, "_host", host)
    yield
    host.close()


def job(path: Path) -> Job:
    return Job(str(path), found_file(path))


def note(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def outcomes(paths: list[Path], **given: Any) -> dict[str, Any]:
    """By file name, the words of its segments, or its error."""
    found: dict[str, Any] = {path.name: [] for path in paths}
    with IsolatedReader(ReadOptions(), **given) as reader:
        for events in reader.read([job(path) for path in paths]):
            for number, event in events:
                name = paths[number].name
                if isinstance(event, Segment):
                    found[name].append(event.text)
                elif isinstance(event, ReadError):
                    found[name] = event
    return found


def test_a_child_reads_what_this_process_would(tmp_path: Path) -> None:
    media = tmp_path / "media"
    paths = [picture(media / "red.png", "red"), tone(media / "high.wav", hertz=900), clip(media / "clip.mp4")]
    paths += [pdf(media / "two.pdf"), note(media / "long.md", "A sentence of five words. " * 200)]
    with IsolatedReader(ReadOptions()) as reader:
        for path in paths:
            events = [event for group in reader.read([job(path)]) for _, event in group]
            expected = read(path, found_file(path))
            opened, *segments, closed = events
            assert isinstance(opened, Opened)
            assert isinstance(closed, Closed)
            assert (opened.modality, opened.mime, opened.info) == (expected.modality, expected.mime, expected.info)
            assert opened.hash == content_hash(path)
            for segment, other in zip(segments, expected.segments, strict=True):
                one, two = (replace(part, frames=(), sound=None) for part in (segment, other))
                assert one == two
                assert len(segment.frames) == len(other.frames)
                assert all(map(np.array_equal, segment.frames, other.frames))
                assert (segment.sound is None) == (other.sound is None)
                assert segment.sound is None or np.array_equal(segment.sound, other.sound)


def test_a_file_that_crashes_the_decoder_is_told_from_its_neighbours(tmp_path: Path, faulty: None) -> None:
    paths = [note(tmp_path / f"{n}.txt", f"note number {n}") for n in range(5)]
    paths.insert(2, note(tmp_path / "bad.txt", "CRASH now"))
    paths.append(note(tmp_path / "worse.txt", "CRASH again"))

    found = outcomes(paths)

    assert {name: found[name] for name in sorted(found) if name[0].isdigit()} == {
        f"{n}.txt": [f"note number {n}"] for n in range(5)
    }
    for name in ("bad.txt", "worse.txt"):
        assert str(found[name]) == "Reading the file crashed its reader (Segmentation fault)."


def test_a_picture_is_drawn_as_in_this_process(tmp_path: Path, faulty: None) -> None:
    square = picture(tmp_path / "square.png", "red", (60, 40), "square")
    crash = note(tmp_path / "crash.pdf", "CRASH")
    jobs = [
        Draw(str(square), Modality.IMAGE, None, None, 32, None),
        Draw(str(crash), Modality.IMAGE, None, None, 32, None),
        Draw(str(square), Modality.TEXT, None, None, 32, None),
    ]
    with IsolatedReader(ReadOptions()) as reader:
        found = [event for events in reader.read(jobs) for event in events if not isinstance(event[1], Closed)]
    drawn, error, nothing = (event for _, event in sorted(found, key=lambda event: event[0]))
    assert drawn == Drawn(preview(square, Modality.IMAGE, side=32))
    assert str(error) == "Reading the file crashed its reader (Segmentation fault)."
    assert nothing == Drawn(None)


def test_a_file_that_hangs_is_given_up_and_the_next_one_is_read(tmp_path: Path, faulty: None) -> None:
    paths = [note(tmp_path / "stuck.txt", "HANG for ever"), note(tmp_path / "fine.txt", "fine words")]

    found = outcomes(paths, limits=ReadLimits(seconds=1))

    assert str(found["stuck.txt"]) == "Reading the file made no progress for 1 seconds."
    assert found["fine.txt"] == ["fine words"]


def test_a_picture_that_needs_more_memory_than_a_file_may_take_is_given_up(tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Image.new("RGB", (12_000, 12_000)).save(large, compress_level=1)
    small = picture(tmp_path / "small.png", "red")

    found = outcomes([large, small], limits=ReadLimits(memory=128 << 20))

    assert "memory" in str(found["large.png"])
    assert found["small.png"] == [""]


def test_a_kind_of_file_that_no_reader_takes_is_told_as_such(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + bytes(64))

    assert isinstance(outcomes([program])["program"], UnsupportedError)


def test_a_child_that_somebody_kills_is_replaced_and_no_file_is_blamed(tmp_path: Path) -> None:
    path = note(tmp_path / "note.txt", "harbour at night")
    with IsolatedReader(ReadOptions()) as reader:
        assert [event for group in reader.read([job(path)]) for _, event in group][1].text == "harbour at night"  # type: ignore[union-attr]
        os.kill(reader._pid, signal.SIGKILL)
        assert [event for group in reader.read([job(path)]) for _, event in group][1].text == "harbour at night"  # type: ignore[union-attr]


def test_a_host_that_somebody_kills_is_replaced_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = note(tmp_path / "note.txt", "harbour at night")
    host = module._Host()
    monkeypatch.setattr(module, "_host", host)
    with IsolatedReader(ReadOptions()) as reader:
        list(reader.read([job(path)]))
        assert host._process is not None
        os.kill(host._process.pid, signal.SIGKILL)
        host._process.wait()
        os.kill(reader._pid, signal.SIGKILL)
        events = [event for group in reader.read([job(path)]) for _, event in group]
    host.close()
    assert isinstance(events[-1], Closed)


def test_a_reader_that_is_left_early_leaves_no_child(tmp_path: Path) -> None:
    path = note(tmp_path / "note.txt", "harbour at night")
    reader = IsolatedReader(ReadOptions())
    next(reader.read([job(path)] * 50))
    pid = reader._pid
    reader.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_reading_is_called_off_from_another_thread(tmp_path: Path, faulty: None) -> None:
    stuck = note(tmp_path / "stuck.txt", "HANG for ever")
    with IsolatedReader(ReadOptions()) as reader:
        threading.Timer(0.5, reader.cancel).start()
        assert list(reader.read([job(stuck), job(stuck)])) == []


def test_reading_that_is_called_off_before_it_began_reads_nothing(tmp_path: Path) -> None:
    path = note(tmp_path / "note.txt", "harbour at night")
    with IsolatedReader(ReadOptions()) as reader:
        reader.cancel()
        assert list(reader.read([job(path)])) == []


def test_pictures_that_the_shared_memory_has_no_room_for_arrive_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (512, 512, 3), np.uint8)).save(path)
    many = arena.SIZE // (512 * 512 * 3) + 20
    with IsolatedReader(ReadOptions()) as reader:
        held = [e for group in reader.read([job(path)] * many) for _, e in group if isinstance(e, Segment)]
    assert len(held) == many
    assert all(np.array_equal(segment.frames[0], held[0].frames[0]) for segment in held)


def test_slots_are_used_again_when_nobody_looks_at_them_any_more() -> None:
    descriptor = arena.make()
    writer, shared = arena.Writer(descriptor), arena.Reader(descriptor)
    os.close(descriptor)
    half = np.arange(arena.SLOTS * arena.SLOT // 2, dtype=np.uint8)
    first, second = (shared.get(place) for place in (writer.put(half), writer.put(half)) if place)
    assert writer.put(half[:100]) is None
    part = first[10:20]
    del first
    assert writer.put(half) is None
    del part
    third = writer.put(half + 1)
    assert third is not None
    assert np.array_equal(shared.get(third), half + 1)
    assert np.array_equal(second, half)


def test_a_process_with_thousands_of_open_files_reads_all_the_same(tmp_path: Path) -> None:
    path = note(tmp_path / "note.txt", "harbour at night")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert outcomes([path]) == {"note.txt": ["harbour at night"]}
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_file_of_which_something_was_sent_is_sent_to_its_end_before_the_next_one_is_read() -> None:
    read_end, write_end = wire.make_pipe()
    shared = arena.make()
    outbox = Outbox(write_end, arena.Writer(shared))
    outbox.add(0, Opened("hash", Modality.TEXT, "text/plain", {}))
    outbox.add(0, Segment(0))
    outbox.flush()  # as it does when a file takes long
    outbox.add(0, Closed())  # if the next file killed the child now, file 0 must not be read again
    os.close(write_end)
    os.close(shared)
    sent = [wire.receive(read_end), wire.receive(read_end)]
    os.close(read_end)
    assert [type(event) for group in sent for _, event in group] == [Opened, Segment, Closed]
