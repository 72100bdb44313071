"""Runs that are killed at random moments; `make soak` does it a hundred times, over three hundred files."""

from __future__ import annotations

from pathlib import Path

from flows.writer import BATCH
from tests.soak.crash import soak


def test_collection_after_a_kill_and_a_run_is_that_of_an_undisturbed_run(tmp_path: Path) -> None:
    outcome = soak(tmp_path, kills=3, files=40, seed=7, names=["changed", "encoder"])

    assert outcome.kills == 3
    assert outcome.unequal == []
    assert all(number <= BATCH for number in outcome.most_twice().values())
