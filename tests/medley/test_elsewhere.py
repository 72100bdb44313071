"""What a person gets of media that lie elsewhere: the command line, small pictures, maps, streams."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import medley
from flows.operations.deploy import named_sources
from medley.cli import app
from medley.page import _link
from schemas import UsageError
from schemas.search import SearchRequest
from tests.elsewhere import Place, on_the_web
from tests.media import clip, picture
from tests.serving import serving
from tests.store.conftest import quick_folder


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with quick_folder() as folder, on_the_web(folder) as there:
        picture(folder / "media" / "shown here" / "red.png", "red", (60, 40))
        picture(folder / "media" / "blue.png", "blue")
        clip(folder / "media" / "film.mp4")
        (folder / "media" / "shown here" / "red.txt").write_text("a red circle")
        yield there


@pytest.fixture(scope="module")
def library(place: Place) -> Iterator[medley.Library]:
    with (
        quick_folder() as folder,
        medley.open(folder / "store", encoders={"preset": "text=hashing,image=visual,audio=logmel"}) as opened,
    ):
        opened.ingest(place.address)
        yield opened


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="medley")


def test_command_line_takes_an_address_for_a_folder(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDLEY_ENCODERS__PRESET", "tiny")
    monkeypatch.setenv("MEDLEY_ENCODERS__OCR", "off")
    found = run("ingest", place.address, "--store", tmp_path / "store")
    assert found.exit_code == 0, found.output
    assert "3 indexed" in found.output
    assert place.address in run("status", "--store", tmp_path / "store", "--json").output
    shown = run("show", f"{place.address}/blue.png", "--store", tmp_path / "store", "--json")
    assert '"path": "blue.png"' in shown.output


def test_what_cannot_be_done_with_an_address_is_told_in_one_sentence(place: Place, tmp_path: Path) -> None:
    watched = run("watch", place.address, "--store", tmp_path / "store")
    assert watched.exit_code == 2
    assert f"Nobody tells what changes in {place.address}: run `medley serve" in " ".join(watched.output.split())
    secret = run("ingest", "https://me:a-secret@host/media", "--store", tmp_path / "store", "--prefect")
    assert secret.exit_code == 2
    assert "a-secret" not in secret.output


def test_hit_names_the_address_of_its_file_and_shows_a_small_picture_of_it(
    library: medley.Library, place: Place
) -> None:
    hit = library.search("red circle").hits[0]

    assert hit.file == f"{place.address}/shown%20here/red.png"
    assert _link(hit) == hit.file
    small = library.preview(hit, 30)
    assert small is not None
    assert Image.open(BytesIO(small)).size == (30, 20)


def test_picture_and_clip_elsewhere_are_explained(library: medley.Library) -> None:
    with quick_folder() as folder:
        asked = picture(folder / "red.png", "red", (60, 40))
        found = library.explain(SearchRequest.of(image=asked), item="shown here/red.png")
        film = library.explain(SearchRequest.of(image=asked), item="film.mp4")
    assert [one.how for one in (*found.maps, *film.maps)] == ["occlusion", "occlusion"]
    assert not found.notes


def test_file_is_passed_on_from_any_byte_on(library: medley.Library, place: Place) -> None:
    item = library.show("film.mp4")[0]["item"]
    whole = httpx.get(f"{place.address}/film.mp4").content
    with serving(library) as url, httpx.Client(base_url=url) as client:
        at = f"/items/{item}/file"
        answer = client.get(at)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, whole, "video/mp4")
        for asked, start, end in (("5-9", 5, 10), ("100-", 100, len(whole)), ("-7", len(whole) - 7, len(whole))):
            part = client.get(at, headers={"Range": f"bytes={asked}"})
            assert (part.status_code, part.content) == (206, whole[start:end])
            assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{len(whole)}"
        assert client.get(at, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
        head = client.head(at)
        assert (head.headers["content-length"], head.content) == (str(len(whole)), b"")
        assert Image.open(BytesIO(client.get(f"/items/{item}/thumbnail?side=64").content)).width == 64
        missing = library.show("shown here/red.png")[0]["item"]
        place.refused.add("/media/shown%20here/red.png")
        try:
            assert client.get(f"/items/{missing}/thumbnail?side=77").status_code == 404
        finally:
            place.refused.clear()


def test_sources_elsewhere_are_deployed_by_their_names(library: medley.Library, place: Place) -> None:
    assert named_sources([place.address], library.status().sources) == {"media": place.address}
    assert named_sources([], library.status().sources) == {"media": place.address}
    with pytest.raises(UsageError, match="There is nothing at"):
        named_sources([f"{place.address}/nothing"], {})
