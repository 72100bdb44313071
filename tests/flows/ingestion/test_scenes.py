"""A scene of a film in the space of a model of vision and language: found by words, pictures and clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import medley
from encoders import Clip, registry
from medley.library import Library
from readers import found_file, read
from schemas import Modality, ReadOptions, Segment
from tests.media import clip, picture


def made_of(library: Library, film: Path) -> tuple[list[Segment], dict[int, np.ndarray]]:
    """The scenes of a film as they are read, and the vector that each has in the collection."""
    points = library.store.scroll_all(with_payload=True, with_vectors=True)
    mine = [point for point in points if point.payload["path"] == film.name]
    stored = {point.payload["segment"]: np.array(point.vector["image"]) for point in mine}
    options = ReadOptions(frames=library.encoders.frames)
    return list(read(film, found_file(film), options).segments), stored


@pytest.mark.parametrize("sees", ["films", "film_language"])
def test_scene_is_encoded_whole_where_the_encoder_takes_films(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sees: str
) -> None:
    if sees == "films":
        monkeypatch.setitem(registry.BUILT_IN, "films", "tests.encoders.films:FilmEncoder")
        preset = "image=films"
    else:
        pytest.importorskip("torchvision", reason="the processor of Qwen3-VL needs torchvision", exc_type=Exception)
        from tests.encoders import tiny

        preset = f"image=image:{tiny.film_language(tmp_path / 'model')}"
    film = clip(tmp_path / "media" / "walk.mp4", ("red", "blue"), 4.0)
    shown = picture(tmp_path / "media" / "red.png", "red")
    with medley.open(tmp_path / "store", encoders={"preset": preset, "ocr": "off"}) as library:
        report = library.ingest(tmp_path / "media")
        assert (report.indexed, report.quarantined) == (2, 0)

        encoder = library.encoders["image"]
        scenes, stored = made_of(library, film)
        assert stored.keys() == {0, 1}
        assert min(len(scene.frames) for scene in scenes) > 3  # which is all that others see
        for scene in scenes:
            [whole] = encoder.encode([Clip.of(scene)], Modality.VIDEO)
            np.testing.assert_allclose(stored[scene.number], whole, atol=1e-4)
            assert np.abs(encoder.pool(encoder.encode(list(scene.frames), Modality.IMAGE)) - whole).max() > 1e-4
        [first] = library.search(video=film, limit=1).hits
        assert first.path == film.name
        [first] = library.search(image=shown, limit=1).hits
        assert first.path == shown.name


def test_scene_has_the_vector_of_its_frames_and_every_question_reaches_it(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="pretrained models need sentence-transformers")
    from tests.encoders import tiny

    model = tiny.vision_language(tmp_path / "model")
    film = clip(tmp_path / "media" / "walk.mp4", ("red", "blue"))
    shown = picture(tmp_path / "media" / "red.png", "red")
    preset = f"text=sentence:{model},image=image:{model}"
    with medley.open(tmp_path / "store", encoders={"preset": preset, "ocr": "off"}) as library:
        library.ingest(tmp_path / "media")

        scenes, stored = made_of(library, film)
        for scene in scenes:
            rows = library.encoders["image"].encode(list(scene.frames), Modality.IMAGE)
            mean = rows.mean(axis=0)
            np.testing.assert_allclose(stored[scene.number], mean / np.linalg.norm(mean), atol=1e-4)
        assert len(stored) == len(scenes) == 2
        for asked in ({"text": "a red boat"}, {"image": shown}, {"video": film}):
            hits = library.search(**asked, using="image", group_by="segment").hits
            assert {hit.segment for hit in hits if hit.path == film.name} == {0, 1}
