"""One Prefect server for all tests that want one: it takes longer to start than they take to run.

It ends with the tests of this folder: its services would take their part of the machine from all that follow.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

SERVICES = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
    "PREFECT_UI_ENABLED": "false",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the API of a live server with a database of its own; Prefect in this process uses it."""
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_LOGGING_TO_API_ENABLED,
        PREFECT_WORKER_QUERY_SECONDS,
        temporary_settings,
    )

    from flows.operations.prefect_server import running

    home = tmp_path_factory.mktemp("prefect")
    with (
        running(free_port(), log=home / "log", environment={"PREFECT_HOME": str(home), **SERVICES}) as url,
        temporary_settings(
            {PREFECT_API_URL: url, PREFECT_WORKER_QUERY_SECONDS: 0.5, PREFECT_LOGGING_TO_API_ENABLED: False}
        ),
    ):
        yield url
