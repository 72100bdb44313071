from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from medley.page import PageSection, hit_key, render_page
from schemas.answer import Hit, SearchResult, VectorHit


def jpeg() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (6, 4), "teal").save(buffer, "JPEG")
    return buffer.getvalue()


def a_hit(path: str = "pictures/boat.jpg", **changes: object) -> Hit:
    fields: dict[str, object] = {
        "item": f"id of {path}",
        "source": "media",
        "path": path,
        "modality": "image",
        "score": 0.8,
        "vectors": {"image": VectorHit(rank=2, score=0.71, share=0.8)},
    }
    return Hit.model_validate(fields | changes)


def page(*hits: Hit, text: str = "a red boat", preview: bytes | None = None, **changes: object) -> LexborHTMLParser:
    previews = {hit_key(hit): preview for hit in hits} if preview else {}
    section = PageSection("Words find pictures", text, SearchResult(hits=list(hits), **changes), None, previews)
    return LexborHTMLParser(render_page([section], title="Results"))


def test_page_asks_nobody_for_anything() -> None:
    hit = a_hit(words={"sidecar": "see https://example.org/a.png"})
    html = render_page([PageSection("One", "two", SearchResult(hits=[hit]), jpeg(), {hit_key(hit): jpeg()})])
    tree = LexborHTMLParser(html)
    assert not tree.css("script, link, iframe, object, embed")
    assert all(image.attributes["src"].startswith("data:image/jpeg;base64,") for image in tree.css("img"))
    assert len(tree.css("img")) == 2
    assert not re.search(r"url\(|@import", html)
    policy = tree.css_first("meta[http-equiv=Content-Security-Policy]").attributes["content"]
    assert "default-src 'none'" in policy and "img-src data:" in policy


def test_hostile_names_and_words_stay_text() -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>.jpg'
    hit = a_hit(evil, words={"sidecar": "<b>bold</b> & <script>x</script> boat"}, modality="image")
    section = PageSection(evil, evil, SearchResult(hits=[hit], notes=[evil], fusion=evil), None, {hit_key(hit): jpeg()})
    tree = LexborHTMLParser(render_page([section], title=evil, summary=evil))
    assert not tree.css("script")
    assert len(tree.css("img")) == 1  # the preview, and none that a name smuggled in
    assert tree.css_first("img").attributes.get("onerror") is None
    assert evil in tree.css_first("h3").text()
    assert "<b>bold</b>" in tree.css_first(".words").text()


def test_names_without_printable_form_can_be_written() -> None:
    html = render_page([PageSection("t", "q", SearchResult(hits=[a_hit("bad\udcff\x00\u202egpj.exe")]))])
    assert b"bad" in html.encode("utf-8")
    assert "\u202e" not in html and "\x00" not in html


def test_clip_shows_its_second_and_links_to_it(tmp_path: Path) -> None:
    film = tmp_path / "a clip #1.mp4"
    hit = a_hit("clips/lecture.mp4", modality="video", start=12.0, end=18.4, file=str(film))
    tree = page(hit, preview=jpeg())
    assert tree.css_first(".place").text() == "0:12–0:18"
    assert tree.css_first(".play") is not None
    assert tree.css_first(".badge").text() == "clip"
    link = tree.css_first("h3 a").attributes["href"]
    assert link == film.as_uri() + "#t=12.0"
    assert "%231.mp4" in link  # the hash of the name is no fragment


def test_text_shows_its_passage_and_marks_what_was_asked() -> None:
    words = {"document": "## Fishing\n" + "nothing here " * 60 + "the red boats lay in the harbour " + "and more " * 60}
    tree = page(a_hit("texts/a.md", modality="text", words=words, page=3))
    quote = tree.css_first("blockquote")
    assert [mark.text() for mark in quote.css("mark")] == ["boats"]
    assert quote.text().startswith("…") and len(quote.text()) < 500
    assert tree.css_first(".place").text() == "p. 3"


def test_bar_shows_each_vector_against_the_best_hit() -> None:
    best = a_hit("a.jpg", score=0.5, vectors={"text": VectorHit(rank=1, score=0.9, share=0.5)})
    other = a_hit(
        "b.jpg",
        score=0.4,
        vectors={"image": VectorHit(rank=9, score=0.2, share=0.1), "text": VectorHit(rank=2, score=0.8, share=0.3)},
    )
    bars = page(best, other, fusion="rrf").css(".bar")
    assert [part.attributes["style"] for part in bars[0].css("i")] == ["width:100.0%"]
    assert [part.attributes["style"] for part in bars[1].css("i")] == ["width:60.0%", "width:20.0%"]
    assert bars[1].attributes["aria-label"] == "text 75 %, image 25 %"


def test_hit_without_words_says_how_it_was_found() -> None:
    looks = a_hit("dsc_1.jpg", words={"name": "dsc 1"})
    heard = a_hit("a.wav", modality="audio", vectors={"audio": VectorHit(rank=1, score=1.0, share=1.0)})
    named = a_hit("boat.jpg", vectors={"words": VectorHit(rank=1, score=3.0, share=0.5)})
    found = [node.text() for node in page(looks, heard, named, preview=jpeg()).css(".wordless")]
    assert found == ["no words: found by looks alone", "no words: found by sound alone", "no words: found by its name"]


def test_every_picture_has_a_text_for_those_who_cannot_see_it() -> None:
    hits = [a_hit("a.jpg", words={"sidecar": "A boat."}), a_hit("b.jpg")]
    assert [image.attributes["alt"] for image in page(*hits, preview=jpeg()).css(".shown img")] == ["A boat.", "b.jpg"]


def test_tall_picture_is_shown_whole() -> None:
    sizes = ({"width": 600, "height": 400}, {"width": 300, "height": 900}, {"width": 900, "height": 200}, {})
    hits = [a_hit(f"{number}.jpg", info=info) for number, info in enumerate(sizes)]
    assert [img.attributes.get("class") for img in page(*hits, preview=jpeg()).css(".shown img")] == [
        None,
        "whole",
        "whole",
        None,
    ]


def test_preview_that_is_no_picture_is_left_out() -> None:
    assert not page(a_hit(), preview=b"<svg onload=alert(1)>").css("img")


def test_scores_below_zero_and_nothing_found_are_shown_too() -> None:
    negative = a_hit(score=-0.2, vectors={"image": VectorHit(rank=1, score=-0.2, share=-0.2)})
    assert page(negative).css_first(".bar i").attributes["style"] == "width:0.0%"
    assert page().css_first(".nothing").text() == "Nothing was found."


def test_contents_lead_to_each_search() -> None:
    section = PageSection("Title", "q", SearchResult(hits=[]))
    tree = LexborHTMLParser(render_page([section, section]))
    targets = [link.attributes["href"] for link in tree.css(".contents a")]
    assert targets == ["#search-1", "#search-2"]
    assert all(tree.css_first(target) is not None for target in targets)
