"""Text documents, slides and books."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_BZIP2, ZipFile

import pytest

from readers import read_file, sniff
from schemas import Modality, ReadError, Reading, ReadOptions, Segment, UnsupportedError, WordKind
from tests.office import docx, epub, make_office, odf, packed, pptx


def opened(path: Path, **options: int) -> tuple[list[Segment], Reading]:
    reading = read_file(path, ReadOptions(**options))  # type: ignore[arg-type]  # whole numbers all
    return list(reading.segments), reading


def texts(segments: list[Segment]) -> list[str]:
    return [segment.words.get(WordKind.DOCUMENT, "") for segment in segments]


def test_every_kind_gives_its_text_and_its_title(tmp_path: Path) -> None:
    expected = {
        "report.docx": (["# Whales\nA whale swims north.\n# Eagles\nThey fly south."], "A report"),
        "slides.pptx": (["# Bees\nThey dance.\nShow the film.", "# Ants\nThey dig."], None),
        "letter.odt": (["# Dear Ann\nThe garden blooms.\nRoses"], "A letter"),
        "show.odp": (["One", "Two"], "A letter"),
        "novel.epub": (["# Dawn\nThe ship leaves.\n# Dusk\nThe ship returns."], "A novel"),
    }
    for name, path in make_office(tmp_path).items():
        segments, reading = opened(path)
        assert (texts(segments), reading.info.get("title")) == expected[name], name
        assert reading.modality is Modality.TEXT


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_parts_may_be_coded_in_any_way_that_xml_allows(tmp_path: Path, encoding: str) -> None:
    with ZipFile(docx(tmp_path / "a.docx", [("Über", "Größe")])) as archive:
        files = {name: archive.read(name).decode().encode(encoding) for name in archive.namelist()}
    assert texts(opened(packed(tmp_path / "b.docx", files))[0]) == ["# Über\nGröße"]


def test_slides_are_pages(tmp_path: Path) -> None:
    made = make_office(tmp_path)
    for name in ("slides.pptx", "show.odp"):
        segments, reading = opened(made[name])
        assert [segment.page for segment in segments] == [1, 2]
        assert reading.info["pages"] == 2
        assert sniff(made[name]).modality is Modality.TEXT


def test_headings_begin_passages(tmp_path: Path) -> None:
    path = docx(tmp_path / "a.docx", [("One", "Words here and there. " * 10), ("Two", "More of them. " * 10)])
    assert [text.split("\n")[0] for text in texts(opened(path, passage=60)[0])] == ["# One", "# Two"]


def test_a_text_box_is_read_once_and_what_was_deleted_is_not(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>Boxed words</w:t></w:r></w:p></w:txbxContent>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    inside = f"<w:p><w:r><w:t>Around</w:t></w:r><mc:AlternateContent {mc}><mc:Choice>{box}</mc:Choice>"
    inside += f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    inside += "<w:r><w:delText>gone</w:delText><w:tab/><w:t>it</w:t></w:r></w:p>"
    (segment,), _ = opened(docx(tmp_path / "a.docx", [], inside=inside))
    assert texts([segment]) == ["Boxed words\nAround it"]


def test_other_archives_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    for name, files in (
        ("a.docx", {"x.txt": "words"}),
        ("b.zip", {"word/other.xml": "<x/>"}),
        ("c.jar", {"_rels/": ""}),
    ):
        with pytest.raises(UnsupportedError, match="No reader takes application/zip"):
            sniff(packed(tmp_path / name, files))
    assert sniff(docx(tmp_path / "named.zip", [("A", "b")])).mime.endswith("wordprocessingml.document")


def test_a_document_that_swells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="unpacks to more than 64,000,000 bytes"):
        read_file(docx(tmp_path / "a.docx", [("A", " " * 70_000_000)]))
    chapters = [(f"Part {number}", "word " * 20_000) for number in range(20)]
    with pytest.raises(ReadError, match="unpacks to more than 1,000,000 bytes"):
        read_file(epub(tmp_path / "a.epub", chapters), ReadOptions(max_document=1_000_000))
    with pytest.raises(ReadError, match="packs 50,002 files"):
        read_file(packed(tmp_path / "b.docx", {"word/document.xml": ""} | {str(n): b"" for n in range(50_001)}))


@pytest.mark.parametrize("name", ["slides.pptx", "show.odp"])
def test_slides_without_end_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReadError, match="claims 2 pages, more than the 1 allowed"):
        opened(make_office(tmp_path)[name], max_pages=1)


@pytest.mark.parametrize("name", ["word/document.xml", "word/styles.xml", "docProps/core.xml"])
def test_entities_are_refused(tmp_path: Path, name: str) -> None:
    bomb = "<!DOCTYPE x [<!ENTITY a 'haha'><!ENTITY b '&a;&a;&a;'>]><x>&b;</x>"
    outside = f"<!DOCTYPE x [<!ENTITY a SYSTEM 'file://{tmp_path}/a.docx'>]><x>&a;</x>"
    for data in (bomb, outside):
        files = {"word/document.xml": "<x/>", "[Content_Types].xml": "<Types/>", name: data}
        with pytest.raises(ReadError, match=r"^The document declares a document type"):
            read_file(packed(tmp_path / "a.docx", files))
    broken = {"word/document.xml": "<x/>", "[Content_Types].xml": "<Types/>", name: "<x>"}
    with pytest.raises(ReadError, match=r"its text is no well-formed XML\.$"):
        read_file(packed(tmp_path / "b.docx", broken))


def test_what_is_packed_in_a_rare_way_or_encrypted_is_told_so(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "a.docx", "w", ZIP_BZIP2) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(ReadError, match=r"^The document is damaged"):
        read_file(tmp_path / "a.docx")
    data = bytearray(docx(tmp_path / "b.docx", [("A", "b")]).read_bytes())
    at = data.index(b"word/document.xml", data.index(b"PK\1\2"))
    data[at - 38] |= 1
    (tmp_path / "b.docx").write_bytes(data)
    with pytest.raises(ReadError, match=r"^The document is encrypted: save a copy without its password\.$"):
        read_file(tmp_path / "b.docx")


def test_parts_that_are_missing_cost_their_words_alone(tmp_path: Path) -> None:
    path = pptx(tmp_path / "a.pptx", [("Bees", "They dance.", "")])
    with ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if "notes" not in name}
    assert texts(opened(packed(tmp_path / "b.pptx", files))[0]) == ["# Bees\nThey dance."]
    del files["ppt/slides/slide1.xml"]
    (segment,), _ = opened(packed(tmp_path / "c.pptx", files))
    assert segment.text == ""
    letter = odf(tmp_path / "a.odt", "<office:text/>", title="")
    assert opened(letter)[0][0].words == {WordKind.NAME: "a"}
