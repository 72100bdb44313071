"""Routes to see and to start the ingestion that this server does itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from medley.http.held import HeldIntake
from medley.http.intake import IntakeStatus

router = APIRouter(tags=["Ingest"])


@router.get("/ingest")
def ingest_status(intake: HeldIntake) -> IntakeStatus:
    """What is being ingested, what waits, and how the last runs ended."""
    return intake.status()


@router.post("/ingest", status_code=202)
def ingest(
    intake: HeldIntake,
    source: Annotated[str | None, Body(description="a source of the collection; all of them without it")] = None,
    retry: Annotated[bool, Body(description="try quarantined files again")] = False,
) -> IntakeStatus:
    """Take in what is new, changed, moved or deleted; answers at once.

    Folders are named where the server is started: nobody can make it read others.
    """
    intake.ask(source, retry=retry)
    return intake.status()
