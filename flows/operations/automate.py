"""A rule on Prefect's server: a run that gives no sign of life has crashed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from schemas import UsageError

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.automations import Automation

NAME = "medley: runs without a sign of life have crashed"
SILENCE = 90.0
"""Seconds without a sign of life, of which a run gives one every 30 (see `flows.operations.prefect_run.HEARTBEAT`)."""

ENDED = ("Completed", "Failed", "Cancelled", "Cancelling", "Crashed")


def ensure_automation(tag: str, *, silence: float = SILENCE, block: str | None = None, name: str = NAME) -> None:
    """Have the server mark runs that died with their process as Crashed: create the rule, or bring it up to date.

    Args:
        tag: of the runs that are meant.
        silence: seconds after which a run has crashed.
        block: one that sends messages, by type and name, that is told of it.
        name: of the rule.
    """
    from prefect.client.orchestration import get_client

    wanted = _automation(tag, silence, block, name)
    with get_client(sync_client=True) as client:
        for there in client.read_automations_by_name(name):
            client.delete_automation(there.id)
    wanted.create()


def _automation(tag: str, silence: float, block: str | None, name: str) -> Automation:
    from prefect.automations import Automation
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ActionTypes, ChangeFlowRunState, SendNotification
    from prefect.events.schemas.automations import EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    said = "The run gave no sign of life: its process died. The next run goes on from there."
    actions: list[ActionTypes] = [ChangeFlowRunState(state=StateType.CRASHED, name=None, message=said, force=False)]
    if block is not None:
        subject, body = "Medley: {{ flow_run.name }} crashed", said
        actions.append(SendNotification(block_document_id=_block_id(block), subject=subject, body=body))
    return Automation(
        name=name,
        description=f"Made by Medley. A run tagged {tag!r} says every 30 s that it is alive.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{state}" for state in ENDED)},
            match=ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification.model_validate(
                {"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}
            ),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=silence),
        ),
        actions=actions,
    )


def _block_id(name: str) -> UUID:
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    kind, _, called = name.partition("/")
    with get_client(sync_client=True) as client:
        try:
            return client.read_block_document_by_name(called, kind).id
        except ObjectNotFound as error:
            raise UsageError(
                f"Prefect's server has no block {name!r}, which the setting notify.block names: make it there, or "
                "correct its type and name."
            ) from error
