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
