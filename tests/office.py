"""Text documents, slides and books, made of the XML that the programs of their kinds write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
_A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{what}:1.0"'
    for name, what in (("office", "office"), ("text", "text"), ("draw", "drawing"), ("table", "table"))
)
_CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{}</dc:title><dc:creator>Jane</dc:creator></cp:coreProperties>'
)

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="'
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_ROOT = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_REL}/officeDocument" Target="word/document.xml"/></Relationships>'
)


def packed(path: Path, files: Mapping[str, str | bytes], mimetype: str = "") -> Path:
    """A ZIP archive of `files`; a `mimetype` comes first and unpacked, as EPUB and OpenDocument want it."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype, ZIP_STORED)
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def docx(path: Path, sections: Sequence[tuple[str, str]], title: str = "A report", inside: str = "") -> Path:
    """A text document: each section has a heading and a paragraph, which is written in two runs."""
    body = ""
    for heading, text in sections:
        half = len(text) // 2
        body += f'<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr><w:r><w:t>{heading}</w:t></w:r></w:p>'
        body += f"<w:p><w:r><w:t>{text[:half]}</w:t></w:r><w:r><w:t>{text[half:]}</w:t></w:r></w:p>"
    styles = '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    files = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _ROOT,
        "word/document.xml": f"<?xml version='1.0'?><w:document {_W}><w:body>{body}{inside}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {_W}>{styles}</w:styles>",
        "docProps/core.xml": _CORE.format(title),
    }
    return packed(path, files)


def pptx(path: Path, slides: Sequence[tuple[str, str, str]]) -> Path:
    """Slides: title, text and what the speaker noted. The files' numbers do not tell their order."""
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, len(slides) + 1))
    files = {
        "[Content_Types].xml": "<Types/>",
        "ppt/presentation.xml": f"<p:presentation {_P} {_R}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
    }
    related = ""
    for number, (title, text, notes) in enumerate(slides, 1):
        name = f"slide{len(slides) + 1 - number}.xml"
        related += f'<Relationship Id="rId{number}" Type="{_REL}/slide" Target="slides/{name}"/>'
        shapes = f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr>{_drawn(title)}</p:sp>'
        shapes += f"<p:sp>{_drawn(text)}</p:sp>"
        files[f"ppt/slides/{name}"] = f"<p:sld {_P} {_A}><p:cSld>{shapes}</p:cSld></p:sld>"
        files[f"ppt/slides/_rels/{name}.rels"] = (
            f'<Relationships><Relationship Id="n" Type="{_REL}/notesSlide" Target="../notesSlides/{name}"/>'
            f'<Relationship Id="x" Type="{_REL}/image" Target="http://127.0.0.1:9/x.png" TargetMode="External"/>'
            "</Relationships>"
        )
        files[f"ppt/notesSlides/{name}"] = f"<p:notes {_P} {_A}><p:sp>{_drawn(notes)}</p:sp></p:notes>"
    files["ppt/_rels/presentation.xml.rels"] = f"<Relationships>{related}</Relationships>"
    return packed(path, files)


def _drawn(text: str) -> str:
    return f"<p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody>"


def odf(path: Path, body: str, title: str = "A letter") -> Path:
    """A document of OpenDocument, text or slides by the suffix; `body` is what stands in its body."""
    kind = {".odt": "text", ".odp": "presentation", ".ods": "spreadsheet"}[path.suffix]
    meta = f'<office:document-meta {_ODF} xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title>'
    files = {
        "content.xml": f"<office:document-content {_ODF}><office:body>{body}</office:body></office:document-content>",
        "meta.xml": meta + "</office:document-meta>",
    }
    return packed(path, files, f"application/vnd.oasis.opendocument.{kind}")


_S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[str | float]]]) -> Path:
    """A workbook: rows of cells by the name of the sheet. The files' numbers do not tell the order of the sheets."""
    strings = list(
        dict.fromkeys(cell for rows in sheets.values() for row in rows for cell in row if isinstance(cell, str))
    )
    listed = related = ""
    files = {"[Content_Types].xml": "<Types/>"}
    for number, (title, rows) in enumerate(sheets.items(), 1):
        name = f"sheet{len(sheets) + 1 - number}.xml"
        listed += f'<sheet name="{title}" sheetId="{number}" r:id="rId{number}"/>'
        related += f'<Relationship Id="rId{number}" Type="{_REL}/worksheet" Target="worksheets/{name}"/>'
        lines = "".join(f"<row>{''.join(_cell(cell, strings) for cell in row)}</row>" for row in rows)
        files[f"xl/worksheets/{name}"] = f"<worksheet {_S}><sheetData>{lines}</sheetData></worksheet>"
    shared = "".join(f"<si><r><t>{text[:1]}</t></r><r><t>{text[1:]}</t></r></si>" for text in strings)
    files["xl/workbook.xml"] = f"<workbook {_S} {_R}><sheets>{listed}</sheets></workbook>"
    files["xl/_rels/workbook.xml.rels"] = f"<Relationships>{related}</Relationships>"
    files["xl/sharedStrings.xml"] = f"<sst {_S}>{shared}</sst>"
    return packed(path, files)


def _cell(cell: str | float, strings: Sequence[str]) -> str:
    return f'<c t="s"><v>{strings.index(cell)}</v></c>' if isinstance(cell, str) else f"<c><v>{cell}</v></c>"


def epub(path: Path, chapters: Sequence[tuple[str, str]], title: str = "A novel") -> Path:
    """A book: each chapter has a heading and a paragraph; the spine tells their order, and not the manifest."""
    numbered = list(enumerate(chapters, 1))
    items = "".join(
        f'<item id="c{n}" href="text/chapter%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n, _ in numbered[::-1]
    )
    refs = "".join(f'<itemref idref="c{n}"/>' for n, _ in numbered)
    files = {
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata><dc:title>{title}</dc:title></metadata><manifest>{items}</manifest><spine>{refs}</spine></package>",
    }
    for number, (heading, text) in numbered:
        files[f"OEBPS/text/chapter {number}.xhtml"] = (
            '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title>No</title></head>'
            f"<body><h2>{heading}</h2><p>{text}</p></body></html>"
        )
    return packed(path, files, "application/epub+zip")


OFFICE_NAMES = ("report.docx", "slides.pptx", "stock.xlsx", "letter.odt", "show.odp", "tools.ods", "novel.epub")


def make_office(folder: Path) -> dict[str, Path]:
    """A document of each of these kinds, by file name."""
    letter = "<text:h>Dear Ann</text:h><text:p>The <text:span>garden</text:span><text:s/>blooms.</text:p>"
    letter += "<table:table><table:table-cell><text:p>Roses</text:p></table:table-cell></table:table>"
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    row = f"<table:table-row>{cell}{cell}</table:table-row>"
    tools = f'<table:table table:name="Shed">{row.format("Hammer", 3)}{row.format(4, 5)}</table:table>'
    page = "<draw:page><draw:frame><text:p>{}</text:p></draw:frame></draw:page>"
    sections = [("Whales", "A whale swims north."), ("Eagles", "They fly south.")]
    slides = [("Bees", "They dance.", "Show the film."), ("Ants", "They dig.", "")]
    return {
        "report.docx": docx(folder / "report.docx", sections),
        "slides.pptx": pptx(folder / "slides.pptx", slides),
        "stock.xlsx": xlsx(folder / "stock.xlsx", {"Fruit": [["Apples", 12.5, "Kent"], [1, 2]], "Empty": []}),
        "tools.ods": odf(folder / "tools.ods", f"<office:spreadsheet>{tools}</office:spreadsheet>"),
        "letter.odt": odf(folder / "letter.odt", f"<office:text>{letter}</office:text>"),
        "show.odp": odf(folder / "show.odp", page.format("One") + page.format("Two")),
        "novel.epub": epub(folder / "novel.epub", [("Dawn", "The ship leaves."), ("Dusk", "The ship returns.")]),
    }
