"""Runs that are killed at random moments; `make soak` does it a hundred times, over three hundred files."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.ingestion.writer import BATCH
from tests.soak.crash import soak


@pytest.mark.timeout(900)  # ten processes, one after the other: on a busy machine each takes as long as it takes
@pytest.mark.parametrize("name", ["changed", "encoder"])
def test_collection_after_a_kill_and_a_run_is_that_of_an_undisturbed_run(name: str, tmp_path: Path) -> None:
    outcome = soak(tmp_path, kills=2, files=30, seed=7, names=[name])

    assert outcome.kills == 2
    assert outcome.unequal == []
    assert all(number <= BATCH for number in outcome.most_twice().values())
