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


def test_words_are_covered_however_they_are_joined() -> None:
    def joined(question: str, **words: str) -> bool:
        return Highlighter(question, Lexical()).joined(words)

    assert joined("the running boats", sidecar="A boat", name="runs")
    assert joined("firetruck", sidecar="A fire truck.")
    assert not Highlighter("firetruck", Lexical()).covered({"sidecar": "A fire truck."})
    assert joined("red FireTruck", sidecar="A Fire-\ntruck", name="red_1")
    assert joined("a fire truck", sidecar="The Firetruck, red")
    assert joined("rubber duck pond", name="pond / rubberduck")
    assert not joined("firetruck", sidecar="a fire and no truck")
    assert not joined("firetruck", sidecar="a bonfire truck"), "from the first letter of a word"
    assert not joined("firetruck", sidecar="fire trucking"), "to the last"
    assert not joined("blue firetruck", sidecar="A fire truck.")
    assert not joined("rubber duck", sidecar="rubber")
    assert not joined("cat a pult", sidecar="a catapult"), "a stop word stands between them"
    assert not joined("atom", sidecar="at om"), "too short to tell"
    assert not joined("the of and", sidecar="the of and")


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
