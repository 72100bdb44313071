from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("rapidocr")

from PIL import Image, ImageDraw, ImageFont

from encoders import ocr
from encoders.enrichers import load_enrichers
from encoders.ocr import OcrEnricher, Strokes, densest_strokes
from encoders.running import Running
from schemas import EncodeError, UnknownNameError, WordKind
from schemas.settings import EncoderSettings


def written(text: str, *, size: int = 36, shape: tuple[int, int] = (300, 480), at=(40, 60), ink="black", paper="white"):
    image = Image.new("RGB", shape[::-1], paper)
    ImageDraw.Draw(image).text(at, text, fill=ink, font=ImageFont.load_default(size))
    return np.asarray(image)


def drawn():
    """Things on white that are no words."""
    image = Image.new("RGB", (400, 400), "white")
    pen = ImageDraw.Draw(image)
    pen.ellipse((80, 90, 300, 330), fill=(200, 60, 40), outline="black", width=6)
    pen.rectangle((30, 300, 380, 340), fill=(60, 120, 60))
    return np.asarray(image)


@pytest.fixture(scope="module")
def gated():
    return OcrEnricher(threads=1)


@pytest.fixture(scope="module")
def always():
    return OcrEnricher(gated=False, threads=1)


def test_words_are_read_line_by_line(gated):
    found = gated.words([written("Fresh bread\nand coffee")])
    assert found == ["Fresh bread\nand coffee"]


def test_each_picture_has_its_own_words(gated):
    found = gated.words([written("North harbour"), drawn(), written("South station", ink="white", paper=(20, 30, 90))])
    assert found == ["North harbour", "", "South station"]


def test_pictures_without_words_do_not_reach_the_reader():
    enricher = OcrEnricher(threads=1)
    y, x = np.mgrid[:300, :400]
    fence = np.repeat(((x // 8 % 2) * 255)[..., None], 3, axis=2).astype(np.uint8)
    slope = np.stack([x * 255 // 399, y * 255 // 299, (x + y) * 255 // 698], axis=-1).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert enricher.words([drawn(), fence, slope, noise, np.full((300, 400, 3), 255, np.uint8)]) == [""] * 5
    assert enricher._reader._engine is None


@pytest.mark.parametrize("size", [16, 24, 48, 96])
def test_gate_opens_for_writing_of_any_size(gated, size):
    assert gated.has_words(written("Museum", size=size, shape=(384, 512)))


def test_gate_opens_for_a_page_of_small_print(gated):
    page = written(
        "\n".join(["the winter concert in the library garden is on friday"] * 40), size=15, shape=(1280, 960)
    )
    assert gated.has_words(page)


def test_gate_opens_for_a_small_picture_of_a_sign(gated):
    assert gated.has_words(written("STOP", size=30, shape=(80, 110), at=(12, 18)))


def test_without_gate_every_picture_is_read(always):
    # One thin line in a wide picture: no dense strokes to open the gate.
    assert always.words([written("Platform 9", size=20)]) == ["Platform 9"]
    assert always.words([drawn()]) == [""]


@pytest.mark.parametrize("shape", [(1, 1, 3), (15, 400, 3), (400, 15, 3)])
def test_pictures_too_small_to_be_legible_have_no_words(gated, always, shape):
    speck = np.zeros(shape, np.uint8)
    assert gated.words([speck]) == [""]
    assert always.words([speck]) == [""]


@pytest.mark.parametrize("shape", [(16, 16, 3), (16, 900, 3), (900, 16, 3), (37, 53, 3)])
def test_pictures_of_odd_shapes_are_read(always, gated, shape):
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    for enricher in (always, gated):
        assert len(enricher.words([noise])) == 1


def test_view_of_a_picture_is_read_like_its_copy(gated):
    picture = written("Kitchen garden")[::-1, ::-1].copy()[::-1, ::-1]
    assert not picture.flags.c_contiguous
    assert gated.words([picture]) == ["Kitchen garden"]


def test_threads_may_read_at_once(gated):
    pictures = [written(word) for word in ("Orange", "Lemon", "Cherry", "Walnut")]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda picture: gated.words([picture])[0], pictures))
    assert found == ["Orange", "Lemon", "Cherry", "Walnut"]


def test_strokes_are_found_where_the_writing_is():
    strokes = densest_strokes(written("illuminated", size=24, shape=(600, 800), at=(500, 450)))
    assert strokes.density > ocr.STROKES
    assert 0.6 < strokes.x < 0.85
    assert 0.74 < strokes.y < 0.85
    assert densest_strokes(drawn()).density < ocr.STROKES


def test_surroundings_stay_inside_the_picture():
    picture = np.zeros((640, 320, 3), np.uint8)
    part = Strokes(9.0, 0.0, 1.0, 640).surroundings(picture)
    assert part.shape == (50, 150, 3)
    whole = Strokes(9.0, 0.5, 0.5, 64).surroundings(picture)
    assert whole.shape == (640, 320, 3)


def test_fingerprint_tells_which_pictures_are_read(gated, always):
    assert gated.fingerprint != always.fingerprint
    assert (gated.name, gated.kind) == ("ocr", WordKind.OCR)


def enrichers_for(mode):
    return load_enrichers(EncoderSettings(ocr=mode))


def test_modes():
    assert enrichers_for("off") == []
    assert [one.gated for one in enrichers_for("auto")] == [True]
    assert [one.gated for one in enrichers_for("always")] == [False]
    with pytest.raises(UnknownNameError, match=r"no mode of OCR named 'allways'\. Did you mean 'always'"):
        ocr.from_setting("allways", Running())


def test_what_is_not_installed_is_left_out_or_named_with_the_way_out(monkeypatch):
    monkeypatch.setattr(ocr, "find_spec", lambda _name: None)
    assert enrichers_for("auto") == []
    for ask in (lambda: enrichers_for("always"), lambda: OcrEnricher().words([drawn()])):
        with pytest.raises(EncodeError, match=r"pip install 'medley\[ocr\]'"):
            ask()


def test_what_the_libraries_raise_names_the_picture(gated, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(gated._gate, "_engine", fail)
    with pytest.raises(EncodeError, match=r"\(\d+, \d+, 3\) cannot be read for words: out of luck"):
        gated.words([written("Museum")])


def test_reading_says_nothing():
    code = (
        "import numpy as np; from encoders.ocr import OcrEnricher;"
        "OcrEnricher(gated=False).words([np.full((64, 64, 3), 255, np.uint8)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
