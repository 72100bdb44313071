"""What becomes of the strange things that readers find in strangers' files."""

from __future__ import annotations

from pathlib import Path

from flows.ingestion.points import storable
from store import open_store
from tests.store.conftest import SPECS, make_points


def test_what_no_store_takes_is_made_what_it_takes(tmp_path: Path) -> None:
    strange = {
        "title": "half \ud83d of a face",
        "gain": float("nan"),
        "frames": 2**70,
        "tags": ["sea", "\udce9"],
        "size": (640, 480),
        "\udc80": 1,
    }

    made = storable(strange)

    assert made == {
        "title": "half ? of a face",
        "gain": None,
        "frames": 2.0**70,
        "tags": ["sea", "?"],
        "size": [640, 480],
        "?": 1,
    }
    [point] = make_points(1)
    point.payload["info"] = made
    with open_store(tmp_path / "store") as store:
        store.ensure(SPECS)
        store.upsert([point])
        [record] = store.retrieve([point.id], with_payload=True)
    assert record.payload["info"]["tags"] == ["sea", "?"]
