"""`import store` costs nothing: the engines are imported when one is opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import store

HEAVY = ["numpy", "qdrant_client", "qdrant_edge", "pydantic", "tenacity", "httpx"]


def test_importing_the_store_imports_no_engine() -> None:
    code = f"import sys, store; print([name for name in {HEAVY} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", store.__all__)
def test_what_is_exported_is_there(name: str) -> None:
    assert hasattr(store, name)
