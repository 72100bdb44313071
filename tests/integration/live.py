"""What tests ask a live Prefect server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 150  # seconds: the server stalls where many things want its database and the machine is busy


def read(call: Callable[[Any], Any]) -> Any:
    """What a client answers."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return call(client)


def runs_of(name: str) -> list[Any]:
    """The runs of a deployment, in the order in which they were due."""
    deployment = read(lambda client: client.read_deployment_by_name(name))
    runs = [run for run in read(lambda client: client.read_flow_runs()) if run.deployment_id == deployment.id]
    return sorted(runs, key=lambda run: run.expected_start_time)


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """What the condition is, once it is something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(what)
