"""Text documents, slides and books."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_BZIP2, ZipFile

import pytest

from readers import read_file, sniff
from schemas import Modality, ReadError, Reading, ReadOptions, Segment, UnsupportedError, WordKind
from tests.office import docx, epub, make_office, odf, packed, pptx, xlsx


def opened(path: Path, **options: int) -> tuple[list[Segment], Reading]:
    reading = read_file(path, ReadOptions(**options))  # type: ignore[arg-type]  # whole numbers all
    return list(reading.segments), reading


def texts(segments: list[Segment]) -> list[str]:
    return [segment.words.get(WordKind.DOCUMENT, "") for segment in segments]


def test_every_kind_gives_its_text_and_its_title(tmp_path: Path) -> None:
    expected = {
        "report.docx": (["# Whales\nA whale swims north.\n# Eagles\nThey fly south."], "A report"),
        "slides.pptx": (["# Bees\nThey dance.\nShow the film.", "# Ants\nThey dig."], None),
        "stock.xlsx": (["# Fruit\nApples, 12.5, Kent"], None),
        "tools.ods": (["# Shed\nHammer, 3"], "A letter"),
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


def test_what_stands_at_the_edges_of_a_document_is_read_after_it(tmp_path: Path) -> None:
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    c = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    a = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    said = "<x {}><w:p><w:r><w:t>{}</w:t></w:r></w:p></x>"
    cache = "<c:strCache><c:pt><c:v>Kent</c:v></c:pt></c:strCache><c:numCache><c:pt><c:v>7</c:v></c:pt></c:numCache>"
    with ZipFile(docx(tmp_path / "a.docx", [("Bees", "They dance.")])) as archive:
        files: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    files |= {
        "word/header1.xml": said.format(w, "The Bee Club"),
        "word/header2.xml": said.format(w, "The Bee Club"),
        "word/footnotes.xml": said.format(w, "In summer alone."),
        "word/comments.xml": said.format(w, "Are you sure?"),
        "word/charts/chart1.xml": f"<c:chart {c} {a}><a:p><a:r><a:t>Hives</a:t></a:r></a:p>{cache}{cache}</c:chart>",
        "word/settings.xml": said.format(w, "not words"),
    }
    (segment,), _ = opened(packed(tmp_path / "b.docx", files))
    assert texts([segment]) == ["# Bees\nThey dance.\nIn summer alone.\nAre you sure?\nHives\nKent\nThe Bee Club"]


def test_charts_and_diagrams_of_a_slide_are_read_before_its_notes(tmp_path: Path) -> None:
    a = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    with ZipFile(pptx(tmp_path / "a.pptx", [("Bees", "They dance.", "Show the film.")])) as archive:
        files: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    rels = "ppt/slides/_rels/slide1.xml.rels"
    more = '<Relationship Id="d" Type="x/diagramData" Target="../diagrams/data1.xml"/></Relationships>'
    files[rels] = bytes(files[rels]).decode().replace("</Relationships>", more)  # type: ignore[arg-type]  # all are bytes yet
    files["ppt/diagrams/data1.xml"] = f"<d {a}><a:p><a:r><a:t>Hive to flower</a:t></a:r></a:p></d>"
    assert texts(opened(packed(tmp_path / "b.pptx", files))[0]) == [
        "# Bees\nThey dance.\nHive to flower\nShow the film."
    ]


def test_rows_of_sheets_are_lines_and_numbers_alone_are_left_out(tmp_path: Path) -> None:
    rows: list[list[str | float]] = [["Pears", 3, "Devon &amp; Kent"], [4, 5.5], ["Plums"]]
    path = xlsx(tmp_path / "a.xlsx", {"Fruit": rows, "Nuts": [["Hazel", 0.5]]})
    segments, reading = opened(path)
    assert texts(segments) == ["# Fruit\nPears, 3, Devon & Kent\nPlums", "# Nuts\nHazel, 0.5"]
    assert [segment.page for segment in segments] == [1, 2]
    assert reading.info["pages"] == 2
    with pytest.raises(ReadError, match="claims 2 pages, more than the 1 allowed"):
        opened(path, max_pages=1)


def test_notes_and_charts_of_a_sheet_are_read_after_its_rows(tmp_path: Path) -> None:
    a = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    c = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    related = '<Relationships><Relationship Id="a" Type="x/{}" Target="../{}"/>{}</Relationships>'
    more = '<Relationship Id="b" Type="x/threadedComment" Target="../t.xml"/>'
    more += '<Relationship Id="c" Type="x/drawing" Target="../drawings/d.xml"/>'
    with ZipFile(xlsx(tmp_path / "a.xlsx", {"Fruit": [["Pears", 3]], "Nuts": [["Hazel"]]})) as archive:
        files: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    files |= {
        "xl/worksheets/_rels/sheet2.xml.rels": related.format("comments", "comments1.xml", more),  # of the first sheet
        "xl/comments1.xml": "<comments><authors><author>Ann</author><author>tc={1}</author></authors><commentList>"
        '<comment authorId="0"><text><r><t>Ripe </t></r><r><t>already?</t></r></text></comment>'
        '<comment authorId="1"><text><t>[Threaded comment] Your version cannot</t></text></comment>'
        "</commentList></comments>",
        "xl/t.xml": "<ThreadedComments><threadedComment><text>Not yet.</text></threadedComment></ThreadedComments>",
        "xl/drawings/d.xml": f"<d {a}><a:p><a:r><a:t>A box</a:t></a:r></a:p></d>",
        "xl/drawings/_rels/d.xml.rels": related.format("chart", "charts/c.xml", ""),
        "xl/charts/c.xml": f"<c:chart {c} {a}><a:p><a:r><a:t>Harvest</a:t></a:r></a:p>"
        "<c:strCache><c:pt><c:v>Pears</c:v></c:pt></c:strCache></c:chart>",
    }
    assert texts(opened(packed(tmp_path / "b.xlsx", files))[0]) == [
        "# Fruit\nPears, 3\nRipe already?\nNot yet.\nA box\nHarvest",
        "# Nuts\nHazel",
    ]


def test_a_string_that_is_told_again_and_again_is_a_bomb(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"Fruit": [["pear " * 20_000]] * 1_000})
    assert path.stat().st_size < 10_000
    with pytest.raises(ReadError, match="unpacks to more than 64,000,000 bytes"):
        read_file(path)


def test_cells_that_speak_of_strings_that_are_not_there_are_empty(tmp_path: Path) -> None:
    with ZipFile(xlsx(tmp_path / "a.xlsx", {"Fruit": [["Pears", "Plums"]]})) as archive:
        files: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    files["xl/worksheets/sheet1.xml"] = bytes(files["xl/worksheets/sheet1.xml"]).replace(
        b"<v>1</v>", b"<v>77</v></c><c t='s'><v>" + b"9" * 5000 + b"</v>"
    )  # type: ignore[arg-type]  # all are bytes yet
    assert texts(opened(packed(tmp_path / "b.xlsx", files))[0]) == ["# Fruit\nPears"]
    del files["xl/sharedStrings.xml"]
    assert texts(opened(packed(tmp_path / "c.xlsx", files))[0]) == [""]


def test_who_wrote_a_note_and_when_is_not_taken_for_words_of_the_letter(tmp_path: Path) -> None:
    note = '<office:annotation xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Ann</dc:creator>'
    note += "<dc:date>2020-01-01</dc:date><text:p>Really?</text:p></office:annotation>"
    (segment,), _ = opened(odf(tmp_path / "a.odt", f"<office:text><text:p>It is {note}done.</text:p></office:text>"))
    assert texts([segment]) == ["Really?\nIt is done."]


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
