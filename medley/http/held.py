"""What every route is given: the open library, its store, the ingestion beside it, and turns at what is heavy."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from medley.http.intake import Intake
from medley.library import Library
from store import Store

T = TypeVar("T")


class Turns:
    """Lets a few threads at a time do what is heavy: decode an upload, draw a picture, explain a hit.

    Who waits for a turn holds no thread, so that the light requests go on meanwhile.
    """

    def __init__(self, most: int = max(2, os.cpu_count() or 1)) -> None:
        self._limiter = CapacityLimiter(most)

    async def take(self, work: Callable[[], T]) -> T:
        """Do it when it is its turn."""
        return await to_thread.run_sync(work, limiter=self._limiter)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


def _store(request: Request) -> Store:
    return _library(request).store


def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.intake
    return intake


def _turns(request: Request) -> Turns:
    turns: Turns = request.app.state.turns
    return turns


HeldLibrary = Annotated[Library, Depends(_library)]
HeldStore = Annotated[Store, Depends(_store)]
HeldIntake = Annotated[Intake, Depends(_intake)]
HeldTurns = Annotated[Turns, Depends(_turns)]
