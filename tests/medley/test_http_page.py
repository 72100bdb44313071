"""The page to search with, in a browser."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import medley
from query.feedback import feedback_file
from readers.judged import read_judged
from schemas.conversation import DISLIKED
from schemas.media import WordKind
from schemas.settings import load_settings
from tests.browser import QUIET, Page, found_browser, opened
from tests.media import clip, picture, tone
from tests.serving import serving
from tests.store.conftest import quick_folder

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
    browser = found_browser()

    def dom(url: str) -> str:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        done = subprocess.run(
            [browser, *QUIET, profile, "--virtual-time-budget=8000", "--dump-dom", url],
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


def test_a_card_begins_where_the_words_are_that_were_asked_for(tmp_path: Path, browse: Browse) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "letter.md").write_text(
        "# Letter\n\n" + "Of the weather in the valley. " * 5 + "A heron came."
    )
    (tmp_path / "media" / "note.md").write_text("# A note\n\nThe heron stands.")
    with medley.open(tmp_path / "store", encoders={"preset": "tiny"}) as library:
        library.ingest(tmp_path / "media")
        with serving(library) as url:
            html = browse(f"{url}/?q=heron")
    letter, note = sorted(re.findall(r"<blockquote[^>]*>(.*?)</blockquote>", html, re.DOTALL), key=len, reverse=True)
    assert re.fullmatch(r"… [^<]{20,60}<mark>heron</mark> came\.", letter)
    assert note.startswith("A note")


def test_what_is_wrong_is_said_on_the_page(library: medley.Library, browse: Browse) -> None:
    with serving(library) as url:
        html = browse(f"{url}/?q=square&where=colour+%3D+red")
    assert re.search(r'class="note wrong">There is no field named \'colour\'', html)


def test_without_a_question_the_collection_is_shown(library: medley.Library, browse: Browse) -> None:
    with serving(library) as url:
        html = browse(url)
    assert "From the collection" in html
    assert html.count('<bdi class="name">') == 5


OPEN = "[...document.querySelectorAll('.hit .shown')][{}].click() ?? document.getElementById('shown').open"
CLOSE = "document.getElementById('close').click()"
FOUND = "document.querySelectorAll('.hit').length && !document.body.classList.contains('busy')"
NAMES = "[...document.querySelectorAll('.hit')].map(hit => hit.querySelector('h3').textContent)"


def noted(library: medley.Library, least: int = 1) -> list[dict[str, Any]]:
    """The clicks that were noted, waited for until there are so many."""
    file = feedback_file(library.settings)
    ends = time.monotonic() + 30
    while True:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) >= least:
            return [json.loads(line) for line in lines]
        assert time.monotonic() < ends, lines
        time.sleep(0.05)


@pytest.fixture
def page(library: medley.Library, tmp_path: Path) -> Iterator[Page]:
    """The page with the answer to a question, in a browser."""
    feedback_file(library.settings).unlink(missing_ok=True)
    with serving(library) as url, opened(f"{url}/?q=a+green+square&kind=image", tmp_path / "profile") as page:
        page.until(FOUND)
        yield page


def test_the_hit_that_is_opened_is_noted_once_for_each_answer(library: medley.Library, page: Page) -> None:
    names = page.run(NAMES)
    for n in (1, 1, 0):
        assert page.run(OPEN.format(n))  # at once, whatever becomes of the note
        page.run(CLOSE)

    second, first = noted(library, 2)

    assert second["kind"] == first["kind"] == "click"
    assert second["request"] == {"parts": [{"text": "a green square"}], "where": "modality = image"}
    assert second["relevant"] == {names[0]: 0, names[1]: 1}
    assert first["relevant"] == {names[0]: 1}
    [one, other] = read_judged(feedback_file(library.settings)).queries
    assert (one.kind, other.kind) == ("click", "click")


def test_what_cannot_be_asked_again_is_not_noted(library: medley.Library, page: Page) -> None:
    file = library.status().sources["media"] + "/drawings/green.png"
    sent = base64.b64encode(Path(file).read_bytes()).decode()
    picture = f"new File([Uint8Array.from(atob('{sent}'), c => c.charCodeAt(0))], 'green.png', {{type: 'image/png'}})"
    page.run(
        f"(given => {{ given.items.add({picture}); document.getElementById('files').files = given.files; "
        "document.getElementById('files').dispatchEvent(new Event('change')) })(new DataTransfer())"
    )
    page.until(f"document.querySelector('#parts li') && {FOUND}")
    assert page.run(OPEN.format(0))
    page.run(CLOSE)
    page.run("document.querySelector('#parts button').click()")  # the words alone again
    page.until(f"!document.querySelector('#parts li') && {FOUND}")
    assert page.run(OPEN.format(0))

    [line] = noted(library)

    assert line["request"]["parts"] == [{"text": "a green square"}]


def test_an_owner_can_have_no_clicks_noted(library: medley.Library, tmp_path: Path) -> None:
    feedback_file(library.settings).unlink(missing_ok=True)
    http = library.settings.http.model_copy(update={"clicks": False})
    settings = library.settings.model_copy(update={"http": http})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "settings", settings)
        with serving(library) as url, opened(f"{url}/?q=a+green+square", tmp_path / "profile") as page:
            page.until(FOUND)
            assert page.run(OPEN.format(0))
            asked = page.run("performance.getEntriesByType('resource').map(one => one.name)")
            assert "is noted beside the collection" not in page.run("document.body.innerText")

    assert any(name.endswith("/search") for name in asked)
    assert not any(name.endswith("/feedback") for name in asked)
    assert not feedback_file(settings).exists()


def test_clicks_are_noted_with_the_key_of_the_server(tmp_path: Path) -> None:
    with quick_folder() as folder:
        picture(folder / "media" / "red.png", "red", (120, 80), "square")
        settings = load_settings(
            store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"}, http={"api_key": "a-long-secret"}
        )
        with medley.Library(settings) as library:
            library.ingest(folder / "media")
            with serving(library) as url, opened(f"{url}/?q=red", tmp_path / "profile") as page:
                page.until("document.getElementById('key').open")
                page.run("document.getElementById('key-given').value = 'a-long-secret'")
                page.run("document.getElementById('key-form').requestSubmit()")
                page.until(FOUND)
                assert page.run(OPEN.format(0))
                [line] = noted(library)

    assert line["relevant"] == {"red.png": 1}


def test_no_other_page_can_note_a_click(library: medley.Library, tmp_path: Path) -> None:
    feedback_file(library.settings).unlink(missing_ok=True)
    told = {"request": {"parts": [{"text": "red"}]}, "clicked": "a.png", "shown": ["a.png"]}
    body = json.dumps(json.dumps(told))
    with serving(library) as url:
        elsewhere = url.replace("127.0.0.1", "localhost") + "/healthz"  # another origin, and no policy of its own
        with opened(elsewhere, tmp_path / "profile") as page:
            for mode, kind, outcome in (("no-cors", "text/plain", "sent"), ("cors", "application/json", "refused")):
                sent = f"{{method: 'POST', mode: '{mode}', headers: {{'content-type': '{kind}'}}, body: {body}}}"
                assert page.run(f"fetch('{url}/feedback', {sent}).then(() => 'sent', () => 'refused')") == outcome
        plain = httpx.post(f"{url}/feedback", content=json.dumps(told), headers={"content-type": "text/plain"})

    assert plain.status_code == 422  # what the browser sent arrived, and was not taken for a click
    assert not feedback_file(library.settings).exists()


def test_the_page_knows_every_kind_of_words() -> None:
    script = (Path(medley.__file__).parent / "templates" / "search" / "state.js").read_text()
    [kinds] = re.findall(r"const KINDS = \[(.*?)\]", script)
    assert re.findall(r"'(\w+)'", kinds) == [kind.value for kind in WordKind if kind is not WordKind.NAME]


def test_the_page_weighs_a_dislike_as_a_conversation_does() -> None:
    script = (Path(medley.__file__).parent / "templates" / "search" / "state.js").read_text()
    assert re.findall(r"const DISLIKED = (-[\d.]+);", script) == [str(DISLIKED)]


def test_a_server_with_a_key_asks_for_it(browse: Browse) -> None:
    with (
        quick_folder() as folder,
        medley.open(folder / "store", http={"api_key": "a-long-secret"}) as library,
        serving(library) as url,
    ):
        assert '<dialog id="key" aria-labelledby="key-name" open="">' in browse(url)
        assert httpx.get(f"{url}/status").status_code == 401
