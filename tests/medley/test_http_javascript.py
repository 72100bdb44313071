"""Qdrant's JavaScript client, unchanged, in a process of Node's."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import models

import medley
from tests.serving import serving
from tests.store.conftest import SPECS, quick_folder, uid
from tests.store.questions import BY_TEXT, COUNT, IMAGES, collection, must

PACKAGE = "@qdrant/js-client-rest@1.19.0"
SCRIPT = Path(__file__).parent / "clients" / "qdrant.mjs"
TEXT = [0.1, -0.2, 0.9, 0.3]


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with the client; fetched once, and kept outside the repository."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node and npm are not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "medley-tests"
    home = cache / PACKAGE.replace("/", "-")
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers of one run
        if not (home / "node_modules" / "@qdrant" / "js-client-rest").is_dir():
            command = ["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", "--no-save", PACKAGE]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot fetch {PACKAGE}: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")
    return home


@pytest.fixture(scope="module")
def told(packages: Path) -> Iterator[tuple[dict[str, Any], medley.Library]]:
    """What the client was told of sixty points, and the library that holds them."""
    with quick_folder() as folder, medley.open(folder / "store") as library, serving(library) as url:
        library.store.ensure(SPECS)
        library.store.upsert(collection())
        command = ["node", str(SCRIPT), str(packages), url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout), library


def test_collections(told: tuple[dict[str, Any], medley.Library]) -> None:
    found, _ = told
    assert found["collections"] == [{"name": "medley"}]
    assert found["exists"] == {"exists": True}
    assert found["vectors"]["text"] == {"size": 4, "distance": "Cosine"}
    assert found["warned"] == []  # of versions that do not fit


def test_queries(told: tuple[dict[str, Any], medley.Library]) -> None:
    found, library = told
    nearest = library.store.query(models.QueryRequest(query=TEXT, using="text", limit=3, with_payload=["size"]))
    assert [(hit["id"], hit["payload"]) for hit in found["nearest"]] == [(hit.id, hit.payload) for hit in nearest]
    assert [hit["score"] for hit in found["nearest"]] == pytest.approx([hit.score for hit in nearest])
    stages = [
        BY_TEXT.model_copy(update={"query": TEXT}),
        models.Prefetch(query=models.SparseVector(indices=[1, 3], values=[1, 0.7]), using="words", limit=20),
    ]
    fused = library.store.query(
        models.QueryRequest(prefetch=stages, query=models.RrfQuery(rrf=models.Rrf(k=3, weights=[1, 0.83])), limit=5)
    )
    assert [hit["id"] for hit in found["fused"]] == [hit.id for hit in fused]
    assert [len(each["points"]) for each in found["batch"]] == [1, 2]
    assert len({group["id"] for group in found["groups"]}) == 2


def test_points(told: tuple[dict[str, Any], medley.Library]) -> None:
    found, library = told
    assert [record["id"] for record in found["page"]["points"]] == [uid(1), uid(2)]
    assert found["page"]["next_page_offset"] == uid(3)
    assert found["last"] == {"points": [{"id": uid(COUNT)}], "next_page_offset": None}
    [record] = found["retrieved"]
    assert record["vector"].keys() == {"image"}
    assert record["payload"] == collection()[1].payload
    assert found["count"] == library.store.count(must(IMAGES)) == COUNT // 3
    assert {hit["value"]: hit["count"] for hit in found["facet"]} == dict.fromkeys(
        ["text", "image", "audio"], COUNT // 3
    )


def test_what_is_not_offered_says_so(told: tuple[dict[str, Any], medley.Library]) -> None:
    found, _ = told
    assert found["refused"]["status"] == 501
    assert "is not offered" in found["refused"]["error"]
