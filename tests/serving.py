"""A running server for tests: a real socket, in a thread of this process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from medley.http.app import create_app
from medley.http.intake import Intake
from medley.http.serve import listen, make_server, url_of
from medley.library import Library

REPOSITORY = Path(__file__).parents[1]


def awaited(process: subprocess.Popen[str], words: str) -> str:
    """The first line with these words that a process tells on its standard error."""
    assert process.stderr is not None
    said = ""
    while words not in said:
        said = process.stderr.readline()
        assert said, process.wait(10)
    return said


@contextmanager
def started(*words: str | Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that answers requests, such as `medley serve`, in a process of its own; and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "medley.cli", *map(str, words), "--port", "0"],
        env={
            **os.environ,
            "MEDLEY_ENCODERS__PRESET": "tiny",
            "MEDLEY_ENCODERS__OCR": "off",
            "PYTHONPATH": str(REPOSITORY),
            **environment,
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, awaited(process, "answers at").split()[3]
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@contextmanager
def serving(library: Library, folders: Sequence[Path] = ()) -> Iterator[str]:
    """The address at which a library is served, on a port that is free."""
    taken = listen(library.settings.http.model_copy(update={"port": 0}))
    intake = Intake(library, folders)
    ready = threading.Event()
    server = make_server(create_app(library, intake), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    with taken:
        thread.start()
        assert ready.wait(30)
        intake.start()
        try:
            yield url_of(taken)
        finally:
            intake.stop()
            server.should_exit = True
            thread.join(30)
