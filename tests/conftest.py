"""What all tests share: no telemetry, no network, no bars."""

from __future__ import annotations

import os

os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("PREFECT_API_URL", None)
for name in [name for name in os.environ if name.startswith("MEDLEY_")]:
    del os.environ[name]  # a developer's own settings must not reach the tests
