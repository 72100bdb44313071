"""While a model is being changed, questions are encoded as the vectors were that still answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoders import EncoderSet, Running, registry
from query.reach import encoders_in_use
from schemas import VectorSpec


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """Weights of bge-small are in a folder of one's own."""
    (tmp_path / "config.json").write_text("{}")
    return Running(threads=3, device="cpu", models={"bge-small": str(tmp_path)})


def have(name: str, running: Running) -> dict[str, VectorSpec]:
    return {"text": VectorSpec.of("text", registry.spec(name, running))}


def test_replaced_model_runs_as_the_settings_say_and_with_the_weights_that_they_name(running: Running) -> None:
    encoders = EncoderSet({"text": "hashing", "image": "thumbnail"}, running=running)
    made_by = have("bge-small", running)

    found = encoders_in_use(encoders, made_by)

    assert found.specs["text"].fingerprint == made_by["text"].fingerprint
    assert found.specs["image"] == encoders.specs["image"]
    assert found.running == running
    assert encoders_in_use(encoders, made_by) is found


def test_model_whose_weights_are_being_changed_answers_with_its_own(running: Running) -> None:
    made_by = have("bge-small", Running())

    found = encoders_in_use(EncoderSet({"text": "bge-small"}, running=running), made_by)

    assert found.specs["text"].fingerprint == made_by["text"].fingerprint
    assert (found.running.threads, found.running.models) == (3, {})


def test_nothing_changes_where_all_vectors_are_those_of_the_settings_or_nobody_can_make_them(running: Running) -> None:
    encoders = EncoderSet({"text": "hashing"}, running=running)

    assert encoders_in_use(encoders, have("hashing", running)) is encoders
    assert encoders_in_use(encoders, {"text": VectorSpec("text", 8, "cosine", "gone-01234567")}) is encoders
