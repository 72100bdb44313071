"""Mail and rich text."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from readers import read_file
from schemas import Modality, ReadError, Reading, WordKind
from tests.media import make_texts
from tests.readers.memory import drawn


def opened(path: Path) -> tuple[list[str], Reading]:
    reading = read_file(path)
    assert reading.modality is Modality.TEXT
    return [segment.words.get(WordKind.DOCUMENT, "") for segment in reading.segments], reading


def test_a_message_says_who_wrote_it_and_what(tmp_path: Path) -> None:
    texts, reading = opened(make_texts(tmp_path)["hello.eml"])
    assert texts == ["# Käse\nFrom: Ann <ann@example.org> To: Ben\nThe cheese has come."]
    assert reading.info["title"] == "Käse"


def test_plain_text_goes_before_the_page_and_attachments_give_their_names(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "Plans"
    message.set_content("See the drawing.")
    message.add_alternative("<p>See the <b>drawing</b>, in colour.</p>", subtype="html")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="Grundriß.pdf")
    (tmp_path / "a.eml").write_bytes(bytes(message))
    assert opened(tmp_path / "a.eml")[0] == ["# Plans\nSee the drawing.\nAttached: Grundriß.pdf"]
    (tmp_path / "b.eml").write_text("Content-Type: text/html\n\n<script>no</script><p>Only a page.</p>")
    assert opened(tmp_path / "b.eml")[0] == ["Only a page."]


def test_what_is_said_after_a_picture_and_in_a_forwarded_message_is_read(tmp_path: Path) -> None:
    first, last, forwarded = EmailMessage(), EmailMessage(), EmailMessage()
    first.set_content("Before the picture.")
    first.add_alternative("<p>Before the picture, in colour.</p>", subtype="html")
    last.set_content("<p>After it.</p>", subtype="html")
    forwarded.set_content("What Ben wrote.")
    message = EmailMessage()
    message.make_mixed()
    message.attach(first)
    message.add_attachment(b"GIF89a", maintype="image", subtype="gif", filename="a.gif")
    message.attach(last)
    message.add_attachment(forwarded)
    (tmp_path / "a.eml").write_bytes(bytes(message))
    assert opened(tmp_path / "a.eml")[0] == ["Before the picture.\nAfter it.\nWhat Ben wrote.\nAttached: a.gif"]


def test_a_page_that_a_browser_saved_gives_its_text(tmp_path: Path) -> None:
    assert opened(make_texts(tmp_path)["saved.mhtml"])[0] == ["# Boats\n# Boats\nThey float."]


@pytest.mark.parametrize("said", ["koi8-r", "utf-8", "no-such-charset"])
def test_a_message_is_read_whatever_it_says_of_its_encoding(tmp_path: Path, said: str) -> None:
    text = "Привет, мир! Как дела? Это письмо написано по-русски." * 3
    head = f"Subject: x\nContent-Type: text/plain; charset={said}\nContent-Transfer-Encoding: 8bit\n\n"
    (tmp_path / "a.eml").write_bytes(head.encode() + text.encode("koi8-r"))
    assert "Как дела? Это письмо" in opened(tmp_path / "a.eml")[0][0]


def test_each_message_of_a_box_is_a_page(tmp_path: Path) -> None:
    reading = read_file(make_texts(tmp_path)["box.mbox"])
    found = [(segment.page, segment.words[WordKind.DOCUMENT]) for segment in reading.segments]
    assert found == [(1, "# Letter 1\nThe boat has come."), (2, "# Letter 2\nThe train has come.")]


def test_a_large_box_is_read_in_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "a.mbox").open("wb") as file:
        for number in range(60):
            file.write(b"From a@b.c Mon Jan  1 00:00:00 2024\nSubject: %d\nContent-Type: image/png\n\n" % number)
            file.write(b"QUJD" * 250_000 + b"\n\n")
    count, memory = drawn(tmp_path / "a.mbox")
    assert count == 60
    assert memory < 40_000_000


def test_parts_inside_each_other_without_end_are_refused_or_read(tmp_path: Path) -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(5_000))
    (tmp_path / "a.eml").write_text(nested)
    with pytest.raises(ReadError, match=r"^The message is damaged"):
        opened(tmp_path / "a.eml")


def test_rich_text_loses_its_codes(tmp_path: Path) -> None:
    texts, reading = opened(make_texts(tmp_path)["memo.rtf"])
    assert texts == ["The café opens.\nBring cake."]
    assert reading.info["title"] == "A memo"


def test_pictures_and_links_of_rich_text_are_no_words(tmp_path: Path) -> None:
    picture = "{\\pict\\pngblip " + "89504e47" * 500_000 + "}"
    link = '{\\field{\\*\\fldinst{HYPERLINK "http://127.0.0.1:9/x"}}{\\fldrslt here}}'
    face = "\\u-10179?\\u-8704?"
    (tmp_path / "a.rtf").write_text(f"{{\\rtf1 Look {picture}{link * 3_000} {face}}}")
    texts, _ = opened(tmp_path / "a.rtf")
    assert texts[0].startswith("Look hereherehere")
    assert "127" not in "".join(texts)
    assert texts[-1].endswith("😀")


@pytest.mark.parametrize(
    "source", ["{\\rtf1 \\uc words}", "{\\rtf1 \\u99999999 words}", "{\\rtf1 \\u9999999999 words}", "{\\rtf1 }}}}words"]
)
def test_damaged_rich_text_is_read_or_refused(tmp_path: Path, source: str) -> None:
    (tmp_path / "a.rtf").write_text(source)
    try:
        assert "uc" not in "".join(opened(tmp_path / "a.rtf")[0])
    except ReadError as error:
        assert str(error) == "The document is damaged: its codes make no sense."
