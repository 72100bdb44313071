from __future__ import annotations

import pytest

import fusion
from schemas import UnknownNameError


@pytest.mark.parametrize("name", sorted(fusion.FUSIONS))
def test_every_fusion_prefers_what_all_rankings_prefer(name):
    rankings = {"image": [("a", 3.0), ("b", 2.0), ("c", 1.0)], "text": [("a", 0.9), ("c", 0.5), ("d", 0.2)]}
    fused = fusion.get(name)(rankings, None)
    assert fused[0].id == "a"
    assert {one.id for one in fused} == {"a", "b", "c", "d"}
    assert [one.score for one in fused] == sorted((one.score for one in fused), reverse=True)


def test_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'dbsf'"):
        fusion.get("dbfs")
