"""A Qdrant server to test with: the one that QDRANT_URL names, else one in a container, else none."""

from __future__ import annotations

import atexit
import os
from functools import cache
from pathlib import Path

import pytest
import yaml

COMPOSE = Path(__file__).parents[1] / "docker-compose.yml"


def server_url() -> str:
    """Where it is; skips the test, with the reason, where there is none."""
    url, reason = _server()
    if not url:
        pytest.skip(f"QDRANT_URL names no server, and none can be started in a container ({reason})")
    return url


@cache
def _server() -> tuple[str, str]:
    if url := os.environ.get("QDRANT_URL"):
        return url, ""
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # the reaper is a second image; atexit does as well
    try:
        from testcontainers.qdrant import QdrantContainer

        image = yaml.safe_load(COMPOSE.read_text())["services"]["qdrant"]["image"]
        container = QdrantContainer(image)
        container.start()
    except Exception as error:  # whatever keeps a container from starting: the library has no error of its own
        if "server API version" in str(error):
            return "", "no container engine answers"
        return "", (str(error).strip().splitlines() or [type(error).__name__])[0]
    atexit.register(container.stop)
    return f"http://{container.rest_host_address}", ""
