"""docs/encoders.md says of presets and models what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

from encoders import PRESETS, registry
from encoders.listing import Listed, _needed, listing
from encoders.running import Running

DOCS = Path(__file__).parents[2] / "docs" / "encoders.md"
KNOWN = {one.name: one for one in listing()}
WITH_MODEL = [one for one in KNOWN.values() if one.name not in registry.BUILT_IN]


def table(after: str) -> Iterator[list[str]]:
    """The rows of the first table after a heading, its own heading left out."""
    lines = DOCS.read_text(encoding="utf-8").partition(f"\n## {after}\n")[2].splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("|"))
    for line in list(takewhile(lambda line: line.startswith("|"), lines[start:]))[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def vectors(one: Listed) -> str:
    if one.kind != "encoder":
        return ""
    if one.form == "several":
        return f"{one.dim} a {'patch' if 'image' in one.modalities else 'token'}"
    return "sparse" if one.form == "sparse" else str(one.dim)


def test_every_model_is_in_the_table_and_no_other():
    rows = [name for names, *_ in table("Models") for name in named(names)]
    assert sorted(rows) == sorted(one.name for one in WITH_MODEL)


@pytest.mark.parametrize("row", table("Models"), ids=lambda row: row[0])
def test_table_of_models_says_what_their_specs_say(row):
    names, model, revision, licence, dimensions, weights, _published = row
    for one in (KNOWN[name] for name in named(names)):
        assert (model, licence) == (one.model, one.license)
        assert revision == f"`{one.revision[:12]}`"
        assert (dimensions, weights) == (vectors(one), size(one.size))


@pytest.mark.parametrize("one", WITH_MODEL, ids=lambda one: one.name)
def test_every_model_is_pinned_to_a_commit(one):
    assert re.fullmatch("[0-9a-f]{40}", one.revision)


def test_table_of_presets_says_what_they_are():
    rows = {cells[0].strip("`"): cells[1:] for cells in table("Presets")}
    for column, name in enumerate(("offline", "standard", "best")):
        preset = PRESETS[name]
        encoders = {vector: cells[column] for vector, cells in rows.items() if vector in PRESETS["best"].encoders}
        assert {v: named(cell)[0] for v, cell in encoders.items() if cell} == dict(preset.encoders)
        assert set(named(rows["words from media"][column])) == set(preset.enrichers.values())
        assert named(rows["reranker"][column]) == ([preset.reranker] if preset.reranker else [])
        fetched: dict[tuple[str, str], int] = {}
        for owner, source in _needed(name, Running()).items():
            fetched[source.model, source.revision] = KNOWN[owner].size
        gigabytes = sum(fetched.values()) / 1e9
        told = rows["weights to fetch"][column]
        assert told == ("none" if not fetched else f"{gigabytes:.0f} GB" if gigabytes > 10 else f"{gigabytes:.1f} GB")
