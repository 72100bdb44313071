"""What all tests share: no telemetry, no network, no bars."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("PREFECT_API_URL", None)
for name in [name for name in os.environ if name.startswith("MEDLEY_")]:
    del os.environ[name]  # a developer's own settings must not reach the tests

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
