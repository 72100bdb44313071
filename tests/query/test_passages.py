from __future__ import annotations

from encoders.lexical import Lexical
from query.passages import LONGEST, Highlighter


def marked(question: str, **words: str) -> list[tuple[str, list[str]]]:
    found = Highlighter(question, Lexical()).passages(words)
    return [(one.kind, [one.text[start:end] for start, end in one.spans]) for one in found]


def test_words_are_matched_by_their_stems_and_stop_words_are_not() -> None:
    assert marked("the running boats", sidecar="A boat runs on the sea.") == [("sidecar", ["boat", "runs"])]


def test_kind_with_more_of_the_question_comes_first_and_kinds_without_are_left_out() -> None:
    found = marked("red boat", name="boats / 1", sidecar="red, red boat", ocr="harbour")

    assert found == [("sidecar", ["red", "red", "boat"]), ("name", ["boats"])]


def test_passage_of_a_long_text_holds_the_words_that_stand_together() -> None:
    text = "boat " + "filler " * 200 + "a red boat near the harbour " + "filler " * 200

    [found] = Highlighter("red boat harbour", Lexical()).passages({"document": text})

    assert len(found.text) <= LONGEST
    assert [found.text[start:end] for start, end in found.spans] == ["red", "boat", "harbour"]


def test_question_of_stop_words_marks_nothing() -> None:
    assert marked("the of and", sidecar="the boat of and") == []


def test_words_end_at_an_underscore_as_they_do_in_the_search() -> None:
    assert marked("red boat", name="old_boat_07 red_kite") == [("name", ["boat", "red"])]
    assert Highlighter("red boat", Lexical()).covered({"name": "old_boat_07 red_kite"})


def test_passages_are_the_same_however_likely_they_are() -> None:
    words = {"name": "harbour 12", "sidecar": "A boat in the harbour.", "ocr": "nothing of it"}
    highlighter = Highlighter("boats harbour", Lexical())

    assert highlighter.passages(words, likely=True) == highlighter.passages(words)


def test_what_is_asked_for_is_covered_by_several_kinds_together() -> None:
    highlighter = Highlighter("boats harbour", Lexical())
    words = {"name": "harbour 12", "sidecar": "A boat."}

    assert highlighter.covered(words)
    assert highlighter.shares(words) == {"name": 0.5, "sidecar": 0.5}
    assert not highlighter.covered({"name": "harbour 12"})
