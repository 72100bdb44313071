"""The page to search with, in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import medley
from schemas.media import WordKind
from schemas.settings import load_settings
from tests.media import clip, picture, tone
from tests.serving import serving
from tests.store.conftest import quick_folder

QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu")

Browse = Callable[[str], str]


@pytest.fixture(scope="module")
def library() -> Iterator[medley.Library]:
    with quick_folder() as folder:
        for colour in ("red", "green", "blue"):
            picture(folder / "media" / "drawings" / f"{colour}.png", colour, (120, 80), "square")
            (folder / "media" / "drawings" / f"{colour}.txt").write_text(f"a {colour} <b>square</b> on paper")
        tone(folder / "media" / "bell.wav", seconds=1)
        clip(folder / "media" / "walk.mp4", subtitles=[(0.2, 1.5, "first the gate"), (2.4, 3.8, "then the square")])
        settings = load_settings(store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"})
        with medley.Library(settings) as library:
            library.ingest(folder / "media")
            yield library


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """What a browser makes of an address, as HTML."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no browser (chromium) is installed")

    def dom(url: str) -> str:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", *QUIET, profile, "--virtual-time-budget=8000", "--dump-dom", url],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return re.sub(r"<template.*?</template>|<script.*?</script>", "", done.stdout, flags=re.DOTALL)

    return dom


def test_a_question_in_the_address_is_asked_and_its_hits_are_shown(library: medley.Library, browse: Browse) -> None:
    expected = library.search("a green square", limit=24).hits
    with serving(library) as url:
        html = browse(f"{url}/?q=a+green+square")
    names = re.findall(r'<bdi class="name">([^<]*)</bdi>', html)
    assert sorted(names) == sorted(hit.path.rpartition("/")[2] for hit in expected)
    assert f"{len(expected)} hits in" in html
    assert re.search(r"<mark>green</mark> &lt;b&gt;<mark>square</mark>", html)  # escaped, and marked
    assert 'class="note wrong"' not in html
    assert "3 pictures · 1 sound · 1 clip" in html
    [share] = re.findall(r'aria-label="([^"]*%[^"]*)"', html)[:1]
    assert sum(map(int, re.findall(r"(\d+) %", share))) == pytest.approx(100, abs=2)


def test_what_is_wrong_is_said_on_the_page(library: medley.Library, browse: Browse) -> None:
    with serving(library) as url:
        html = browse(f"{url}/?q=square&where=colour+%3D+red")
    assert re.search(r'class="note wrong">There is no field named \'colour\'', html)


def test_without_a_question_the_collection_is_shown(library: medley.Library, browse: Browse) -> None:
    with serving(library) as url:
        html = browse(url)
    assert "From the collection" in html
    assert html.count('<bdi class="name">') == 5


def test_the_page_knows_every_kind_of_words() -> None:
    script = (Path(medley.__file__).parent / "templates" / "search" / "state.js").read_text()
    [kinds] = re.findall(r"const KINDS = \[(.*?)\]", script)
    assert re.findall(r"'(\w+)'", kinds) == [kind.value for kind in WordKind if kind is not WordKind.NAME]


def test_a_server_with_a_key_asks_for_it(browse: Browse) -> None:
    with (
        quick_folder() as folder,
        medley.open(folder / "store", http={"api_key": "a-long-secret"}) as library,
        serving(library) as url,
    ):
        assert '<dialog id="key" aria-labelledby="key-name" open="">' in browse(url)
        assert httpx.get(f"{url}/status").status_code == 401
