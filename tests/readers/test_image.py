"""Pictures: their pixels, their words, and what is wrong with broken ones."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from readers import found_file, read, read_file, read_image
from schemas import Modality, ReadError, Reading, ReadOptions, Segment, WordKind
from tests.media import PICTURES, deep, dng, drawing, picture, pixel_bomb
from tests.readers.test_xmp import PACKET


def opened(path: Path, **options: Any) -> tuple[Segment, Reading]:
    reading = read_file(path, ReadOptions(**options))
    (segment,) = reading.segments
    return segment, reading


def saved(path: Path, image: Image.Image, **options: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    image.save(path, **options)
    return read_image(path)[0]


def centre(pixels: np.ndarray[Any, Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in pixels[pixels.shape[0] // 2, pixels.shape[1] // 2])


@pytest.mark.parametrize("name", PICTURES)
def test_every_format_shows_the_same_picture(media: dict[str, Path], name: str) -> None:
    segment, reading = opened(media[name])
    (pixels,) = segment.frames
    assert (reading.modality, segment.number, segment.start, segment.page) == (Modality.IMAGE, 0, None, None)
    assert (reading.info["width"], reading.info["height"]) == (96, 64)
    assert (pixels.shape, pixels.dtype, pixels.flags.c_contiguous) == ((64, 96, 3), np.uint8, True)
    assert np.abs(pixels.astype(int) - np.asarray(drawing())).mean() < 12  # lossy formats drift, most of all GIF


@pytest.mark.parametrize(("name", "kind"), [("a.jpg", "RGB"), ("a.png", "RGBA"), ("a.gif", "P"), ("a.tiff", "I;16")])
def test_large_pictures_become_small_and_keep_their_shape(tmp_path: Path, name: str, kind: str) -> None:
    image = Image.new("I;16", (1200, 300)) if kind == "I;16" else drawing(size=(1200, 300)).convert(kind)
    image.save(tmp_path / name)
    segment, reading = opened(tmp_path / name, image_side=256)
    assert segment.frames[0].shape == (64, 256, 3)
    assert (reading.info["width"], reading.info["height"]) == (1200, 300)


def test_small_pictures_are_not_blown_up(tmp_path: Path) -> None:
    assert saved(tmp_path / "dot.png", Image.new("RGB", (1, 1), "red")).shape == (1, 1, 3)


def test_thin_pictures_keep_a_pixel(tmp_path: Path) -> None:
    assert saved(tmp_path / "line.png", Image.new("RGB", (5000, 2), "red")).shape == (1, 512, 3)


def test_what_is_transparent_shows_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert centre(saved(tmp_path / "a.png", clear)) == (255, 255, 255)
    assert centre(saved(tmp_path / "a.webp", clear, lossless=True)) == (255, 255, 255)
    assert centre(saved(tmp_path / "b.png", Image.new("LA", (10, 10), (0, 0)))) == (255, 255, 255)
    palette = Image.new("P", (10, 10), 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    assert centre(saved(tmp_path / "c.png", palette, transparency=0)) == (255, 255, 255)
    half = Image.new("RGBA", (10, 10), (0, 0, 0, 128))
    assert centre(saved(tmp_path / "d.png", half)) == (127, 127, 127)


def test_all_kinds_of_pixels_become_rgb(tmp_path: Path) -> None:
    grey = Image.new("L", (10, 10), 100)
    assert centre(saved(tmp_path / "l.png", grey)) == (100, 100, 100)
    assert centre(saved(tmp_path / "bits.png", Image.new("1", (10, 10), 1))) == (255, 255, 255)
    palette = Image.new("P", (10, 10), 1)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    assert centre(saved(tmp_path / "p.png", palette)) == (0, 0, 255)
    ink = centre(saved(tmp_path / "cmyk.jpg", Image.new("CMYK", (16, 16), (255, 0, 0, 0)), quality=95))
    assert ink[0] < 40
    assert min(ink[1:]) > 150
    assert (
        centre(saved(tmp_path / "f.tiff", Image.fromarray(np.linspace(-1, 3, 99, dtype="f4").reshape(9, 11))))[0] == 127
    )


def test_values_that_are_no_brightness_do_not_spread(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    values = np.array([[0, np.nan, np.inf, -np.inf], [1, 2, 3, 4]], dtype=np.float32)
    assert saved(tmp_path / "a.tiff", Image.fromarray(values))[1, :, 0].tolist() == [63, 127, 191, 255]
    extremes = np.array([[-3e38, 0, 3e38]], dtype=np.float32)
    assert saved(tmp_path / "b.tiff", Image.fromarray(extremes))[0, :, 0].tolist() == [0, 127, 255]
    assert not list(recwarn)


def test_16_bits_are_scaled_by_their_range(tmp_path: Path) -> None:
    values = np.full((10, 10), 32_896, dtype=np.uint16)
    assert centre(saved(tmp_path / "a.png", Image.fromarray(values))) == (128, 128, 128)


def test_16_bits_a_channel_become_8(tmp_path: Path) -> None:
    for name in ("a.png", "a.tiff"):
        assert centre(read_image(deep(tmp_path / name, (51_400, 0, 257)))[0]) == (200, 0, 1), name
    assert centre(read_image(deep(tmp_path / "b.tiff", (65_535, 0, 0, 0), ink=True))[0]) == (0, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "I;16", "I", "F"])
def test_every_kind_of_tiff_is_shown(tmp_path: Path, mode: str) -> None:
    grey = Image.new("L", (16, 16), 128)
    image = ImageCms.profileToProfile(*lab(grey)) if mode == "LAB" else grey.convert(mode)
    options = {"compression": "jpeg"} if mode == "YCbCr" else {}
    pixels = saved(tmp_path / "a.tiff", image, **options)
    assert (pixels.shape, pixels.dtype) == ((16, 16, 3), np.uint8)
    if mode not in ("1", "I;16", "I", "F"):  # black and white has no grey; others are scaled by what occurs
        assert np.abs(pixels.astype(int) - 128).max() < 12


def lab(grey: Image.Image) -> tuple[Any, ...]:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return grey.convert("RGB"), *profiles, ImageCms.Intent.PERCEPTUAL, "LAB"


def corner_marked(orientation: int) -> tuple[Image.Image, Image.Exif]:
    """A picture whose upper left quarter is red once it is shown as `orientation` says."""
    shown = Image.new("RGB", (64, 32), "white")
    shown.paste("red", (0, 0, 32, 16))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    return (shown.transpose(undo[orientation]) if orientation in undo else shown), exif


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_shown_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    stored, exif = corner_marked(orientation)
    path = tmp_path / f"a.{suffix}"
    stored.save(path, exif=exif)
    segment, reading = opened(path)
    pixels = segment.frames[0].astype(int)
    assert pixels.shape == (32, 64, 3)
    assert (reading.info["width"], reading.info["height"]) == (64, 32)
    assert pixels[4:12, 4:28, 1].mean() < 60  # red
    assert pixels[20:, :, 1].mean() > 200  # white
    assert pixels[:, 40:, 1].mean() > 200


def test_heic_says_in_its_container_how_it_lies_and_exif_turns_it_no_further(tmp_path: Path) -> None:
    _, exif = corner_marked(6)
    segment, _ = opened(picture(tmp_path / "a.heic", exif=exif))
    assert segment.frames[0].shape == (64, 96, 3)


def test_an_animation_gives_up_to_three_frames(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 20), (value, 0, 0)) for value in (0, 50, 100, 150, 200, 250)]
    for name in ("a.gif", "a.webp", "a.png"):
        options = {"lossless": True} if name == "a.webp" else {}
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **options)
        shown = read_image(tmp_path / name)
        assert [centre(pixels)[0] for pixels in shown] == [0, 100, 200], name


def test_a_long_animation_is_looked_at_as_a_whole(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 20), (number, number % 7, 0)) for number in range(200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert [centre(pixels)[0] for pixels in read_image(tmp_path / "a.gif")] == [0, 66, 133]


def test_pages_of_a_scan_are_segments_and_small_copies_are_none(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (90, 60), (value, 0, 0)) for value in (40, 120, 200)]
    small = Image.new("RGB", (9, 6), "white")
    small.encoderinfo = {"tiffinfo": {254: 1}}
    pages[0].save(tmp_path / "scan.tiff", save_all=True, append_images=[pages[1], small, pages[2]])
    reading = read_file(tmp_path / "scan.tiff")
    segments = list(reading.segments)
    assert reading.info["pages"] == 3
    assert [(part.number, part.page, centre(part.frames[0])[0]) for part in segments] == [
        (0, 1, 40),
        (1, 2, 120),
        (2, 3, 200),
    ]
    with pytest.raises(ReadError, match="claims 4 pages, more than the 3 allowed"):
        read_file(tmp_path / "scan.tiff", ReadOptions(max_pages=3))


def test_colours_are_those_that_the_profile_means(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tmp!").replace(b"bXYZ", b"rXYZ").replace(b"tmp!", b"bXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "xxxx".encode("utf-16-be"))
    red = Image.new("RGB", (16, 16), (200, 0, 0))
    for name in ("a.png", "a.jpg", "a.tiff", "a.webp", "a.avif", "a.heic"):
        picture(tmp_path / f"warm.{name}")  # registers the plugin
        options = {"quality": 95} if name not in ("a.png", "a.tiff") else {}
        assert saved(tmp_path / name, red, icc_profile=srgb, **options)[8, 8, 0] > 180, name
        shown = saved(tmp_path / name, red, icc_profile=swapped, **options)[8, 8]
        assert (shown[0] < 60, shown[2] > 180) == (True, True), name
    clear = Image.new("RGBA", (16, 16), (200, 0, 0, 0))
    assert centre(saved(tmp_path / "clear.png", clear, icc_profile=swapped)) == (255, 255, 255)
    assert centre(saved(tmp_path / "b.png", red, icc_profile=b"no profile at all")) == (200, 0, 0)


def test_only_the_detail_that_is_needed_of_jpeg_2000_is_decoded(tmp_path: Path) -> None:
    drawing(size=(1200, 800)).save(tmp_path / "a.jp2", num_resolutions=2, quality_layers=[20])
    segment, reading = opened(tmp_path / "a.jp2", image_side=150)
    assert segment.frames[0].shape == (100, 150, 3)
    assert (reading.info["width"], reading.info["height"]) == (1200, 800)
    drawing(size=(1200, 800)).save(tmp_path / "a.j2k", quality_layers=[20])
    assert opened(tmp_path / "a.j2k", image_side=150)[0].frames[0].shape == (100, 150, 3)


@pytest.mark.parametrize(("orientation", "shape"), [(1, (64, 96)), (3, (64, 96)), (6, (96, 64)), (8, (96, 64))])
def test_a_raw_file_shows_its_preview_as_the_camera_was_held(
    tmp_path: Path, orientation: int, shape: tuple[int, int]
) -> None:
    segment, reading = opened(dng(tmp_path / "a.dng", orientation=orientation))
    assert segment.frames[0].shape == (*shape, 3)
    assert reading.mime == "image/x-adobe-dng"
    assert reading.info["camera"] == "Maker Model X"


def test_a_raw_file_without_a_preview_is_developed(tmp_path: Path) -> None:
    data = dng(tmp_path / "whole.dng").read_bytes()
    at = data.index(b"\xfe\0\4\0\1\0\0\0\1\0\0\0")  # it says that the JPEG is a small copy of the picture
    (tmp_path / "a.dng").write_bytes(data[: at + 8] + b"\xff\0\0\0" + data[at + 12 :])
    assert opened(tmp_path / "a.dng")[0].frames


def exif_of(path: Path) -> Path:
    exif = Image.Exif()
    exif[0x010E] = "A dog on the beach"
    exif[0x010F], exif[0x0110] = "Canon", "Canon EOS 5D"
    exif[0x013B] = "Jane Doe"
    exif[0x9C9B] = "Summer 2020".encode("utf-16-le") + b"\0\0"
    exif[0x9C9E] = "dog;beach; sea".encode("utf-16-le") + b"\0\0"
    details = exif.get_ifd(0x8769)
    details[0x9003], details[0x9011] = "2020:07:01 12:34:56", "+02:00"
    details[0x9286] = b"UNICODE\0" + "He ran".encode("utf-16-le")
    exif._ifds[0x8825] = {1: "S", 2: (33.0, 51.0, 25.2), 3: "E", 4: (151.0, 12.0, 0.0)}
    return picture(path, exif=exif)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif", "heic"])
def test_words_and_facts_of_exif(tmp_path: Path, suffix: str) -> None:
    segment, reading = opened(exif_of(tmp_path / f"a.{suffix}"))
    lines = segment.words[WordKind.EMBEDDED].split("\n")
    assert lines == ["A dog on the beach", "Summer 2020", "He ran", "Jane Doe", "dog, beach, sea"]
    assert reading.info["tags"] == ["dog", "beach", "sea"]
    assert reading.info["taken"] == "2020-07-01T12:34:56+02:00"
    assert reading.info["camera"] == "Canon EOS 5D"
    assert reading.info["gps"] == {"lat": -33.857, "lon": 151.2}


def test_words_of_exif_in_a_tiff(tmp_path: Path) -> None:
    segment, reading = opened(exif_of(tmp_path / "a.tiff"))  # Pillow writes no more than these
    assert segment.words[WordKind.EMBEDDED] == "A dog on the beach\nSummer 2020\nJane Doe\ndog, beach, sea"
    assert reading.info["camera"] == "Canon EOS 5D"


def test_words_of_iptc(tmp_path: Path) -> None:
    def record(number: int, text: str) -> bytes:
        return b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text.encode())) + text.encode()

    iptc = record(120, "A café at night") + record(25, "café") + record(25, "night") + record(5, "Arles")
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    segment_data = b"Photoshop 3.0\0" + block
    data = picture(tmp_path / "plain.jpg").read_bytes()
    marker = b"\xff\xed" + struct.pack(">H", len(segment_data) + 2) + segment_data
    (tmp_path / "a.jpg").write_bytes(data[:2] + marker + data[2:])
    segment, reading = opened(tmp_path / "a.jpg")
    assert segment.words[WordKind.EMBEDDED] == "Arles\nA café at night\ncafé, night"
    assert reading.info["tags"] == ["café", "night"]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "avif", "heic"])
def test_words_of_xmp(tmp_path: Path, suffix: str) -> None:
    options: dict[str, Any] = {"xmp": PACKET.encode()}
    if suffix == "png":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", PACKET)
        options = {"pnginfo": info}
    elif suffix == "tiff":
        options = {"tiffinfo": {700: PACKET.encode()}}
    segment, reading = opened(picture(tmp_path / f"a.{suffix}", **options))
    expected = "At the harbour\nRed boat\nA boat & a gull at noon\nboat, gull"
    assert segment.words[WordKind.EMBEDDED] == expected
    assert reading.info["tags"] == ["boat", "gull"]


def test_words_of_png_texts(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("Title", "Lighthouse")
    info.add_itxt("Description", "Ein Turm am Meer – nachts")
    info.add_text("Software", "A program")
    segment, _ = opened(picture(tmp_path / "a.png", pnginfo=info))
    assert segment.words[WordKind.EMBEDDED] == "Lighthouse\nEin Turm am Meer – nachts"


def test_what_programs_and_cameras_write_is_no_description(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "OLYMPUS DIGITAL CAMERA         "
    segment, _ = opened(picture(tmp_path / "a.jpg", exif=exif, comment=b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v62)"))
    assert WordKind.EMBEDDED not in segment.words
    segment, _ = opened(picture(tmp_path / "b.jpg", comment="Große Bäume".encode("latin-1")))
    assert segment.words[WordKind.EMBEDDED] == "Große Bäume"


def test_broken_metadata_cost_their_words_and_are_told(tmp_path: Path) -> None:
    segment, reading = opened(picture(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40))
    assert segment.frames[0].shape == (64, 96, 3)
    bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + PACKET
    segment, reading = opened(picture(tmp_path / "b.jpg", xmp=bomb.encode()))
    assert segment.frames
    assert reading.info["broken_metadata"] == ["xmp"]


def test_a_clock_that_was_never_set_is_no_date(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "0000:00:00 00:00:00"
    _, reading = opened(picture(tmp_path / "a.jpg", exif=exif))
    assert "taken" not in reading.info


def test_the_words_of_the_name_come_with_it(tmp_path: Path) -> None:
    path = picture(tmp_path / "IMG_1234-red_ball.jpg")
    segment, _ = opened(path)
    assert segment.words == {WordKind.NAME: "red ball"}
    assert segment.text == ""


def test_a_pixel_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(pixel_bomb())
    with pytest.raises(ReadError, match=r"claims 60000 × 60000 pixels, more than the 200,000,000 allowed"):
        read_file(tmp_path / "bomb.png")
    picture(tmp_path / "a.jpg", size=(200, 100))
    with pytest.raises(ReadError, match="claims 200 × 100 pixels, more than the 19,999 allowed"):
        opened(tmp_path / "a.jpg", max_pixels=19_999)
    assert opened(tmp_path / "a.jpg", max_pixels=20_000)[0].frames


def test_a_text_bomb_in_a_png_is_refused(tmp_path: Path) -> None:
    swollen = b"Comment\0\0" + zlib.compress(b"a" * 200_000_000, 9)
    chunk = struct.pack(">I", len(swollen)) + b"zTXt" + swollen + struct.pack(">I", zlib.crc32(b"zTXt" + swollen))
    data = picture(tmp_path / "plain.png").read_bytes()
    (tmp_path / "bomb.png").write_bytes(data[:33] + chunk + data[33:])
    with pytest.raises(ReadError, match="damaged"):
        opened(tmp_path / "bomb.png")


def test_a_picture_that_pillow_does_not_know_is_not_called_damaged(tmp_path: Path) -> None:
    image = Image.fromarray(np.zeros((4, 4), dtype=np.uint8))
    image.save(tmp_path / "a.tiff")
    data = bytearray((tmp_path / "a.tiff").read_bytes())
    at = data.index(struct.pack("<HHI", 258, 3, 1))  # bits of a sample
    data[at + 8] = 64
    (tmp_path / "a.tiff").write_bytes(data)
    with pytest.raises(ReadError, match=r"^The picture is damaged, or coded in a way that cannot be read here\.$"):
        opened(tmp_path / "a.tiff")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_was_cut_off_is_told_so(media: dict[str, Path], tmp_path: Path, name: str) -> None:
    data = media[name].read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(ReadError, match=r"^The picture is (cut off|damaged).*\.$"):
        list(read(path, found_file(path)).segments)


def test_nothing_is_said_on_the_terminal(
    media: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in PICTURES:
        data = bytearray(media[name].read_bytes())
        data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
        (tmp_path / name).write_bytes(data)
        try:
            opened(tmp_path / name)
        except ReadError:
            continue
    assert capfd.readouterr() == ("", "")
