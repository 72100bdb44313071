"""Files made to do harm: a few bytes that claim or unpack to far more than there is."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from readers import IsolatedReader, Job, found_file, read_file
from schemas import ReadError, ReadOptions, Segment
from schemas.limits import ReadLimits
from tests.media import pdf, picture, psd, tone


def refused(path: Path) -> str:
    with pytest.raises(ReadError) as told:
        list(read_file(path).segments)
    return str(told.value)


def patched(path: Path, whole: Path, *changes: tuple[bytes, bytes]) -> Path:
    data = whole.read_bytes()
    for before, after in changes:
        assert data.count(before) >= 1, before
        data = data.replace(before, after, 1)
    path.write_bytes(data)
    return path


def test_pictures_that_claim_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    size = (96, 64)
    claims = {
        "a.bmp": (struct.pack("<ii", *size), struct.pack("<ii", 60_000, 60_000)),
        "a.gif": (struct.pack("<HH", *size), struct.pack("<HH", 60_000, 60_000)),
        "a.jp2": (struct.pack(">II", 64, 96), struct.pack(">II", 60_000, 60_000)),
    }
    for name, change in claims.items():
        said = refused(patched(tmp_path / name, picture(tmp_path / f"whole.{name}"), change))
        assert said == "The picture claims 60000 × 60000 pixels, more than the 200,000,000 allowed.", name
    wide = patched(
        tmp_path / "a.psd", psd(tmp_path / "b.psd"), (struct.pack(">II", 64, 96), struct.pack(">II", 30_000, 30_000))
    )
    assert "claims 30000 × 30000 pixels" in refused(wide)


def test_pages_that_follow_each_other_in_a_circle_are_read_once(tmp_path: Path) -> None:
    pages = [Image.new("L", (20, 20), value) for value in (10, 20, 30)]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    data = bytearray((tmp_path / "a.tiff").read_bytes())
    first = at = struct.unpack_from("<I", data, 4)[0]
    while True:
        link = at + 2 + 12 * struct.unpack_from("<H", data, at)[0]
        if not (following := struct.unpack_from("<I", data, link)[0]):
            break
        at = following
    struct.pack_into("<I", data, link, first)
    (tmp_path / "a.tiff").write_bytes(data)
    assert len(list(read_file(tmp_path / "a.tiff").segments)) == 3


def test_a_document_that_claims_a_million_pages_is_read_or_refused(tmp_path: Path) -> None:
    claims = patched(tmp_path / "a.pdf", pdf(tmp_path / "b.pdf"), (b"/Count 2", b"/Count 1000000"))
    assert refused(claims) == "The document claims 1,000,000 pages, more than the 10,000 allowed."


def test_sound_that_claims_days_is_told_cut_off(tmp_path: Path) -> None:
    data = bytearray(tone(tmp_path / "a.flac").read_bytes())
    data[22:26] = b"\xff" * 4  # samples in all
    (tmp_path / "a.flac").write_bytes(data)
    assert refused(tmp_path / "a.flac").startswith(("The file is cut off", "The sound claims", "The file is damaged"))


def pdf_bomb(path: Path, size: int) -> Path:
    """A PDF of a few kilobytes whose page unpacks, twice, to `size` bytes."""
    packer = zlib.compressobj(9)
    swollen = b"".join(packer.compress(bytes(10_000_000)) for _ in range(size // 10_000_000)) + packer.flush()
    swollen = zlib.compress(swollen, 9)
    body = pdf(path, ("Words.",)).read_bytes()
    at = body.index(b"5 0 obj")
    head = b"5 0 obj\n<< /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n" % len(swollen)
    path.write_bytes(body[:at] + head + swollen + b"\nendstream\nendobj\n" + body[body.index(b"6 0 obj") :])
    return path


def test_what_unpacks_to_more_than_a_child_may_hold_costs_the_child_alone(tmp_path: Path) -> None:
    bomb = pdf_bomb(tmp_path / "bomb.pdf", 400_000_000)
    good = pdf(tmp_path / "good.pdf", ("The whale swims north.",))
    assert bomb.stat().st_size < 5_000
    ends: dict[int, object] = {}
    jobs = [Job(str(path), found_file(path)) for path in (bomb, good)]
    with IsolatedReader(ReadOptions(), ReadLimits(seconds=20, memory=300_000_000)) as reader:
        for events in reader.read(jobs):
            for number, event in events:
                if isinstance(event, Segment | ReadError):
                    ends[number] = event
    assert isinstance(ends[0], ReadError)
    assert str(ends[0]).endswith(".")
    assert isinstance(ends[1], Segment)
    assert ends[1].text.startswith("The whale swims north.")
