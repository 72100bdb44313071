"""Documents of every kind, as passages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from readers import read_file
from schemas import Modality, ReadError, Reading, ReadOptions, Segment, WordKind
from schemas.media import share_read
from tests.media import COLOURS, drawing, pdf
from tests.readers.memory import drawn


def opened(path: Path, data: bytes | str | None = None, **options: Any) -> tuple[list[Segment], Reading]:
    if data is not None:
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    reading = read_file(path, ReadOptions(**options))
    return list(reading.segments), reading


def texts(segments: list[Segment]) -> list[str]:
    return [segment.words.get(WordKind.DOCUMENT, "") for segment in segments]


def test_every_kind_gives_its_text(media: dict[str, Path]) -> None:
    expected = {
        "note.txt": ["The lighthouse keeper climbs the stairs at dusk."],
        "story.md": ["# The harbour\nA red boat lies in the harbour.\n# The mountain\nSnow covers the summit."],
        "page.html": ["# Trains\nA steam train crosses the bridge."],
        "data.json": ["Recipe\nPeel the apples.\nBake for an hour."],
        "talk.srt": ["Welcome to the museum. Mind the dinosaur."],
        "talk.vtt": ["The bells are ringing."],
        "paper.pdf": ["The whale swims north.", "The eagle flies south."],
    }
    for name, parts in expected.items():
        segments, reading = opened(media[name])
        assert (reading.modality, texts(segments)) == (Modality.TEXT, parts), name
        assert [segment.number for segment in segments] == list(range(len(parts)))


def test_a_long_text_is_cut_into_passages(tmp_path: Path) -> None:
    text = " ".join(f"This is sentence number {number}." for number in range(200))
    segments, _ = opened(tmp_path / "a.txt", text, passage=50, overlap=10)
    parts = texts(segments)
    assert len(parts) == 25
    assert parts[1].startswith("This is sentence number 8.")
    assert parts[0].endswith("This is sentence number 9.")
    assert parts[-1].endswith("number 199.")


def test_pages_of_a_pdf_are_told(media: dict[str, Path]) -> None:
    segments, reading = opened(media["paper.pdf"])
    assert [segment.page for segment in segments] == [1, 3]  # the second page bears no text
    assert reading.info == {"pages": 3, "title": "A paper"}
    assert segments[0].words[WordKind.EMBEDDED] == "A paper"


def test_pages_of_a_pdf_are_pictures_too(media: dict[str, Path], tmp_path: Path) -> None:
    first, third = opened(media["paper.pdf"])[0]
    assert [segment.frames[0].shape for segment in (first, third)] == [(1024, 724, 3)] * 2
    ink = np.argwhere(first.frames[0][..., 0] < 128)
    assert (ink[:, 0].max() < 100, ink[:, 1].min() > 40) == (True, True)  # one line, at the top
    long = pdf(tmp_path / "long.pdf", ["\n".join(f"Line {n} says a few words." for n in range(40))])
    segments, _ = opened(long, passage=50)
    assert [len(segment.frames) for segment in segments] == [1] + [0] * (len(segments) - 1)
    assert len(segments) > 3


def test_dots_that_lead_to_a_page_number_are_no_words(tmp_path: Path) -> None:
    segments, _ = opened(pdf(tmp_path / "a.pdf", ["Whales" + " ." * 40 + " 3\nEagles" + "." * 40 + " 7\nWait..."]))
    assert texts(segments) == ["Whales … 3 Eagles … 7 Wait..."]


def test_a_scanned_page_is_a_picture_of_a_size_that_can_be_read(tmp_path: Path) -> None:
    drawing(size=(600, 800)).save(tmp_path / "scan.pdf", resolution=72)
    (segment,), reading = opened(tmp_path / "scan.pdf")
    assert (segment.page, segment.words) == (1, {WordKind.EMBEDDED: "scan", WordKind.NAME: "scan"})
    assert segment.frames[0].shape == (1600, 1200, 3)
    assert segment.frames[0][800, 600].tolist() == pytest.approx(COLOURS["red"], abs=8)
    assert reading.info["pages"] == 1


def test_a_long_pdf_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", [f"Page {number} of many." for number in range(60)])
    count, peak = drawn(path)
    assert count == 60
    assert peak < 8_000_000  # three pictures of a page; all of them are 133 MB


def test_a_document_of_too_many_pages_is_refused(media: dict[str, Path]) -> None:
    with pytest.raises(ReadError, match="claims 3 pages, more than the 2 allowed"):
        opened(media["paper.pdf"], max_pages=2)


def test_passages_tell_where_they_begin_and_how_far_a_file_is_read(media: dict[str, Path], tmp_path: Path) -> None:
    text = "\n\n".join(f"# Part {number}\n\nThis is part number {number} of many." for number in range(20))
    segments, reading = opened(tmp_path / "a.md", text, passage=30, overlap=5)
    for segment in segments:
        assert segment.characters is not None
        begin, end = segment.characters
        assert text[begin:end].split() == texts([segment])[0].split()
    shares = [share_read(reading.info, segment) for segment in segments]
    assert shares == sorted(shares, key=float)  # type: ignore[arg-type]  # none is None
    assert shares[-1] == 1.0
    pages, about = opened(media["paper.pdf"])
    assert [share_read(about.info, segment) for segment in pages] == [pytest.approx(1 / 3), 1.0]


def test_control_characters_are_no_part_of_a_title(tmp_path: Path) -> None:
    reading = read_file(pdf(tmp_path / "a.pdf", title="A scan\0"))
    assert reading.info["title"] == "A scan"


def test_times_of_subtitles_are_told(media: dict[str, Path]) -> None:
    (segment,), _ = opened(media["talk.srt"])
    assert (segment.start, segment.end) == (1.0, 62.0)
    first, second = opened(media["talk.srt"], passage=4)[0]
    assert [(first.start, first.end), (second.start, second.end)] == [(1.0, 3.5), (60.0, 62.0)]


def test_a_document_without_text_still_has_its_name(tmp_path: Path) -> None:
    for name, data in {
        "empty page.html": "<html><script>x</script></html>",
        "blank.txt": " \n\n ",
        "no.json": "{}",
    }.items():
        (segment,), _ = opened(tmp_path / name, data)
        assert set(segment.words) == {WordKind.NAME}
        assert segment.text == ""
    (segment,), reading = opened(pdf(tmp_path / "scan.pdf", ("", ""), title=""))
    assert segment.words == {WordKind.NAME: "scan"}
    assert reading.info == {"pages": 2}


def test_html_without_what_is_not_shown(tmp_path: Path) -> None:
    page = """<!doctype html><title>A &amp; B</title><style>body {color: red}</style>
    <nav>Menu</nav><h2>First <b>things</b></h2>One<br>two&nbsp;three<ul><li>four</li><li>five</li></ul>
    <!-- hidden --><script>var six = 6</script><noscript>seven</noscript><p>eight <i>nine</i>ten</p>"""
    (segment,), reading = opened(tmp_path / "a.html", page)
    assert reading.info["title"] == segment.words[WordKind.EMBEDDED] == "A & B"
    text = texts([segment])[0]
    assert text.split("\n")[1:] == ["# First things", "One", "two three", "four", "five", "eight nineten"]


def test_xml_gives_the_text_between_its_tags(tmp_path: Path) -> None:
    xml = "<?xml version='1.0'?><!-- no --><book><t/><title>One</title><p>two &amp; <![CDATA[<three>]]></p></book>"
    (segment,), _ = opened(tmp_path / "a.xml", xml)
    assert texts([segment]) == ["One two & <three>"]


def test_a_flat_document_of_many_elements_is_no_bomb(tmp_path: Path) -> None:
    segments, _ = opened(tmp_path / "a.xml", "<?xml version='1.0'?><a>" + "<b/>word " * 5000 + "</a>")
    assert len(segments) > 10
    page = "<html><body>" + "<p>one<li>two<td>three<br>" * 5000 + "</body>"
    assert opened(tmp_path / "b.html", page)[0]
    page = "<html><body>" + "<div><span>unclosed</div>" * 5000 + "</body>"
    assert opened(tmp_path / "c.html", page)[0]


def test_a_page_that_nests_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="nests more than 2,000 elements"):
        opened(tmp_path / "a.html", "<html><body>" + "<div></x>" * 100_000)


def test_entities_do_not_swell(tmp_path: Path) -> None:
    bomb = "<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    (segment,), _ = opened(tmp_path / "a.xml", f"<?xml version='1.0'?><!DOCTYPE x [{bomb}]><x>&a9;</x>")
    assert len(segment.text) < 2000


def test_json_that_is_none_is_read_as_it_is(tmp_path: Path) -> None:
    lines = '{"a": "first"}\n{"a": "second"}\n'
    assert texts(opened(tmp_path / "lines.json", lines)[0]) == ['{"a": "first"} {"a": "second"}']
    assert opened(tmp_path / "deep.json", "[" * 100_000)[0]
    nested = json.dumps({"a": [{"b": "one"}, ["two", {"c": "three"}]], "d": 4})
    assert texts(opened(tmp_path / "nested.json", nested)[0]) == ["one\ntwo\nthree"]


def test_what_lies_beyond_the_limit_is_told(tmp_path: Path) -> None:
    segments, reading = opened(tmp_path / "a.txt", "word " * 1000, max_document=500)
    assert texts(segments) == [("word " * 100).strip()]
    assert reading.info == {"read_bytes": 500, "characters": 500}
    assert "read_bytes" not in opened(tmp_path / "a.txt", "word " * 100, max_document=500)[1].info


def encrypted(path: Path, password: str) -> Path:
    from pypdf import PdfReader, PdfWriter

    pdf(path, ("Secret words.",))
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
    writer.write(path)
    return path


def test_a_locked_pdf_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"^The document is encrypted: save a copy without its password\.$"):
        opened(encrypted(tmp_path / "a.pdf", "secret"))


def test_a_pdf_that_is_locked_against_changes_alone_is_read(tmp_path: Path) -> None:
    segments, _ = opened(encrypted(tmp_path / "a.pdf", ""))
    assert texts(segments) == ["Secret words."]


def test_a_broken_pdf_is_told_so_and_nothing_is_said_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ReadError, match="damaged"):
        opened(tmp_path / "a.pdf", b"%PDF-1.4\n" + b"no objects at all " * 50)
    whole = pdf(tmp_path / "b.pdf").read_bytes()
    segments, _ = opened(
        tmp_path / "b.pdf", whole.replace(b"startxref\n", b"startxref\n9")
    )  # the pages are still there
    assert len(segments) == 2
    assert capfd.readouterr() == ("", "")
