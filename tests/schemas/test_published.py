"""What others published stands beside every data set that is read, in one measure, with its source."""

from __future__ import annotations

from readers.datasets import DATASETS
from schemas.evaluation import MEASURES
from schemas.published import PUBLISHED, published_for


def test_every_data_set_but_the_stamps_has_something_published_with_its_source() -> None:
    assert {one.dataset for one in PUBLISHED} == set(DATASETS) - {"stamps"}
    assert published_for("stamps") == []
    assert all(one.source.startswith("https://") for one in PUBLISHED)


def test_values_are_shares_that_grow_with_what_is_looked_at() -> None:
    for one in PUBLISHED:
        assert set(one.values) <= set(MEASURES)
        values = [one.values[name] for name in ("success@1", "success@5", "success@10") if name in one.values]
        assert values == sorted(values)
        assert all(0.0 < value < 1.0 for value in values)
