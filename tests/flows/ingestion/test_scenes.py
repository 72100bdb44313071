"""A scene of a film in the space of a model of vision and language: found by words, pictures and clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import medley
from readers import found_file, read
from schemas import Modality, ReadOptions
from tests.media import clip, picture


def test_scene_has_the_vector_of_its_frames_and_every_question_reaches_it(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="pretrained models need sentence-transformers")
    from tests.encoders import tiny

    model = tiny.vision_language(tmp_path / "model")
    film = clip(tmp_path / "media" / "walk.mp4", ("red", "blue"))
    shown = picture(tmp_path / "media" / "red.png", "red")
    preset = f"text=sentence:{model},image=image:{model}"
    with medley.open(tmp_path / "store", encoders={"preset": preset, "ocr": "off"}) as library:
        library.ingest(tmp_path / "media")

        points = library.store.scroll_all(with_payload=True, with_vectors=True)
        stored = {
            point.payload["segment"]: point.vector["image"] for point in points if point.payload["path"] == film.name
        }
        scenes = list(read(film, found_file(film), ReadOptions()).segments)
        for scene in scenes:
            rows = library.encoders["image"].encode(list(scene.frames), Modality.IMAGE)
            mean = rows.mean(axis=0)
            np.testing.assert_allclose(stored[scene.number], mean / np.linalg.norm(mean), atol=1e-4)
        assert len(stored) == len(scenes) == 2
        for asked in ({"text": "a red boat"}, {"image": shown}, {"video": film}):
            hits = library.search(**asked, using="image", group_by="segment").hits
            assert {hit.segment for hit in hits if hit.path == film.name} == {0, 1}
