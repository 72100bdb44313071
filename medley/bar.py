"""Progress for people, on standard error: nothing for what takes less than a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from flows.ingestion.progress import STAGES

if TYPE_CHECKING:
    from flows.ingestion.progress import Listener

PATIENCE = 1.0  # seconds without a bar


class Rate(ProgressColumn):
    """Files, or whatever is counted, a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        """The rate, once there is one; a part of a file a second tells nobody anything."""
        return Text(f"{task.speed:,.0f} {self.unit}/s" if task.speed and task.speed >= 1 else "", style="dim")


@contextmanager
def shown(*, quiet: bool = False, stages: Mapping[str, str] = STAGES, unit: str = "files") -> Iterator[Listener | None]:
    """A listener that draws a bar once a second has passed; none where nobody would see it.

    Args:
        quiet: draw nothing.
        stages: what to write before the bar of each stage.
        unit: what is counted.
    """
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    tasks = {stage: bar.add_task(text, total=None, visible=False) for stage, text in stages.items()}
    began = time.monotonic()
    started = False

    def listen(stage: str, done: float, total: int) -> None:
        nonlocal started
        if not started and time.monotonic() - began > PATIENCE:
            bar.start()
            started = True
        bar.update(tasks[stage], completed=done, total=total or None, visible=True)

    try:
        yield listen
    finally:
        if started:
            bar.stop()


@contextmanager
def counting(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """The same for points, of which `what` is done."""
    with shown(quiet=quiet, stages={what: what}, unit="points") as listen:
        yield None if listen is None else partial(listen, what)


@contextmanager
def working(what: str, *, quiet: bool = False) -> Iterator[None]:
    """A spinner while something of unknown length goes on."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield
