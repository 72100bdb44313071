from __future__ import annotations

import pytest
import qdrant_edge as edge
from qdrant_client import models

from fusion.dbsf import dbsf
from schemas import UsageError

# Mean 2, sample deviation 1: the scores lie on a line from -1 to 5.
THREE = [("a", 3.0), ("b", 2.0), ("c", 1.0)]


def test_scores_are_those_of_hand_arithmetic():
    scores = {one.id: one.score for one in dbsf({"image": THREE})}
    assert scores == {"a": pytest.approx(4 / 6), "b": pytest.approx(3 / 6), "c": pytest.approx(2 / 6)}


def test_rankings_add_up():
    fused = {one.id: one for one in dbsf({"image": THREE, "text": [("c", 30.0), ("d", 20.0), ("a", 10.0)]})}
    assert fused["a"].score == pytest.approx(4 / 6 + 2 / 6)
    assert fused["c"].score == pytest.approx(2 / 6 + 4 / 6)
    assert fused["a"].parts["text"].share == pytest.approx(2 / 6)


def test_equal_scores_and_a_single_one_count_one_half():
    fused = {one.id: one.score for one in dbsf({"image": [("a", 5.0), ("b", 5.0)], "text": [("a", 0.1)]})}
    assert fused == {"a": pytest.approx(1.0), "b": pytest.approx(0.5)}


def test_weight_multiplies():
    fused = {one.id: one.score for one in dbsf({"image": THREE}, {"image": 3.0})}
    assert fused["a"] == pytest.approx(2.0)


def test_equals_both_engines_of_qdrant(engines):
    ours = {one.id: pytest.approx(one.score, rel=1e-5) for one in dbsf(engines.rankings())}
    assert dict(engines.of_client(models.FusionQuery(fusion=models.Fusion.DBSF))) == ours
    assert dict(engines.of_edge(edge.Fusion.Dbsf())) == ours


def test_wrong_weight_is_named():
    with pytest.raises(UsageError, match="weight of 'image'"):
        dbsf({"image": THREE}, {"image": -0.5})
