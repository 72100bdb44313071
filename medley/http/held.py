"""What every route is given: the open library, its store, and the ingestion beside it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from medley.http.intake import Intake
from medley.library import Library
from store import Store


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


def _store(request: Request) -> Store:
    return _library(request).store


def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.intake
    return intake


HeldLibrary = Annotated[Library, Depends(_library)]
HeldStore = Annotated[Store, Depends(_store)]
HeldIntake = Annotated[Intake, Depends(_intake)]
