"""Small pictures of what a file holds."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from readers import preview, sniff
from schemas import Modality, ReadError
from tests.media import COLOURS, FILM_NAMES, PICTURES, RECORDINGS, clip, picture, sine


def shown(data: bytes | None) -> Image.Image:
    assert data is not None
    image = Image.open(BytesIO(data))
    assert image.format == "JPEG"
    return image.convert("RGB")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_becomes_small(media: dict[str, Path], name: str) -> None:
    image = shown(preview(media[name], Modality.IMAGE, side=48))
    assert image.size == (48, 32)
    assert np.abs(np.asarray(image)[16, 24] - np.array(COLOURS["red"])).max() < 60


def test_a_large_picture_is_turned_and_made_small(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = picture(tmp_path / "a.jpg", size=(1200, 800), exif=exif)
    assert shown(preview(path, Modality.IMAGE)).size == (160, 240)


@pytest.mark.parametrize("name", FILM_NAMES)
def test_a_scene_shows_the_frame_in_its_middle(media: dict[str, Path], name: str) -> None:
    for start, end, colour in ((0.0, 2.0, "red"), (2.0, 4.0, "blue")):
        image = shown(preview(media[name], Modality.VIDEO, start, end))
        assert image.size == (96, 64)
        assert np.abs(np.asarray(image)[60, 90] - np.array(COLOURS[colour])).max() < 60


def test_a_scene_deep_in_a_film_without_many_key_frames(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", ("red", "blue", "green", "yellow"), 3.0, gop=500)
    image = shown(preview(path, Modality.VIDEO, 6.0, 9.0))
    assert np.abs(np.asarray(image)[60, 90] - np.array(COLOURS["green"])).max() < 60


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_sound_shows_its_shape(media: dict[str, Path], name: str) -> None:
    image = np.asarray(shown(preview(media[name], Modality.AUDIO, 0.0, 2.0)))
    assert image.shape == (120, 240, 3)
    inked = (image[..., 0] < 150).sum(axis=0)
    assert (inked > 60).mean() > 0.8


def test_the_shape_is_that_of_the_stretch(tmp_path: Path) -> None:
    import soundfile

    loud = sine(4, 440, 8000)
    loud[: 2 * 8000] = 0
    loud[3 * 8000 :] *= 0.1
    soundfile.write(tmp_path / "a.wav", loud, 8000)
    image = np.asarray(shown(preview(tmp_path / "a.wav", Modality.AUDIO, 2.0, 4.0)))
    inked = (image[..., 0] < 150).sum(axis=0)
    assert inked[20:100].mean() > 5 * inked[140:220].mean() > 0
    silence = np.asarray(shown(preview(tmp_path / "a.wav", Modality.AUDIO, 0.0, 1.9)))
    assert silence.min() > 200
    small = np.asarray(shown(preview(tmp_path / "a.wav", Modality.AUDIO, 2.0, 4.0, side=64)))
    assert small.shape == (32, 64, 3)
    assert (small[..., 0] < 150).any(axis=0)[4:28].all()


def test_a_text_shows_itself() -> None:
    assert preview(Path("anything.txt"), Modality.TEXT) is None


def test_what_is_wrong_is_said_in_a_sentence(media: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no such file"):
        preview(tmp_path / "missing.jpg", Modality.IMAGE)
    with pytest.raises(ReadError, match="no picture any more"):
        preview(media["note.txt"], Modality.IMAGE)
    for modality in (Modality.VIDEO, Modality.AUDIO):
        assert sniff(media["note.txt"]).modality is Modality.TEXT
        with pytest.raises(ReadError):
            preview(media["note.txt"], modality)


def test_a_page_of_a_document_and_of_a_scan_is_shown(media: dict[str, Path], tmp_path: Path) -> None:
    page = np.asarray(shown(preview(media["paper.pdf"], Modality.TEXT, page=3)))
    assert page.shape == (240, 170, 3)
    assert page[:20].min() < 200 < page[60:].min()  # a line at the top
    assert preview(media["slides.pptx"], Modality.TEXT, page=1) is None
    with pytest.raises(ReadError, match="damaged"):
        preview(media["paper.pdf"], Modality.TEXT, page=9)
    pages = [Image.new("RGB", (30, 20), colour) for colour in ("red", "lime", "blue")]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    for number in (1, 2, 3):
        seen = np.asarray(shown(preview(tmp_path / "a.tiff", Modality.IMAGE, page=number)))
        assert seen[9, 9].argmax() == number - 1
