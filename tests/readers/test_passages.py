"""Where a text is cut."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from readers.passages import count_words
from readers.passages import passages as parts_of


def passages(text: str, longest: int, overlap: int) -> list[str]:
    return [part.text for part in parts_of(text, longest, overlap)]


def sentences(count: int, words: int = 5) -> str:
    return " ".join(" ".join([f"word{number}"] * words) + "." for number in range(count))


def test_a_short_text_is_one_passage() -> None:
    assert list(passages("One sentence. Another one.", 100, 20)) == ["One sentence. Another one."]
    assert list(passages(" \n\n ", 100, 20)) == []


def test_passages_end_with_sentences_and_share_the_last_ones() -> None:
    parts = list(passages(sentences(8), 20, 5))
    assert [count_words(part) for part in parts] == [20, 20, 10]
    assert all(part.endswith(".") for part in parts)
    assert parts[0].split(". ")[-1] == parts[1].split(". ")[0] + "."
    assert list(passages(sentences(8), 20, 0)) == [sentences(8)[: len(parts[0])], sentences(8)[len(parts[0]) + 1 :]]


def test_a_heading_begins_a_passage_and_nothing_is_shared_across_it() -> None:
    text = f"# One\n\n{sentences(3)}\n\n# Two\n\n{sentences(2)}"
    first, second = passages(text, 40, 10)
    assert first.startswith("# One")
    assert second.startswith("# Two")


def test_small_sections_stay_together() -> None:
    (only,) = passages("# One\n\nA few words.\n\n# Two\n\nA few more.", 100, 10)
    assert only == "# One\nA few words.\n# Two\nA few more."


def test_lines_of_a_paragraph_flow_together() -> None:
    assert list(passages("broken by\nthe editor\n\nnext", 100, 0)) == ["broken by the editor\nnext"]


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    parts = list(passages("word " * 100, 30, 0))
    assert [count_words(part) for part in parts] == [30, 30, 30, 10]


def test_languages_without_spaces_are_counted_by_characters() -> None:
    assert count_words("日本語のテキスト and two") == 10
    parts = list(passages("これは長い文章です。" * 10, 30, 0))
    assert len(parts) == 4
    assert all(count_words(part) <= 30 for part in parts)


@given(
    st.text(alphabet=st.sampled_from("ab .!?\n#日。\t"), max_size=400),
    st.integers(1, 12),
    st.integers(0, 14),
)
def test_passages_keep_every_character_and_their_bounds(text: str, longest: int, overlap: int) -> None:
    parts = list(passages(text, longest, overlap))
    assert all(0 < count_words(part) <= longest for part in parts if count_words(part))
    if overlap == 0:
        assert "".join("".join(parts).split()) == "".join(text.split())


@given(st.text(max_size=300))
def test_any_text_can_be_cut(text: str) -> None:
    assert "".join("".join(passages(text, 7, 0)).split()) == "".join(text.split())


@given(st.text(alphabet=st.sampled_from("ab .!?\n#日。\t"), max_size=300), st.integers(1, 12), st.integers(0, 14))
def test_passages_tell_where_they_lie(text: str, longest: int, overlap: int) -> None:
    ends = 0
    for part in parts_of(text, longest, overlap):
        there = text[part.begin : part.end]
        assert "".join(there.split()) == "".join(part.text.split())
        assert there.strip() == there
        assert part.end > ends
        ends = part.end


@given(
    words=st.lists(st.sampled_from(["boat", "a.", "Then", "#x", "sea!", "x" * 39]), max_size=12), breaks=st.booleans()
)
def test_short_text_is_cut_as_a_long_one_would_be(words: list[str], breaks: bool) -> None:
    text = ("\n" if breaks else " ").join(words)

    with patch("readers.passages._short", return_value=None):
        careful = list(passages(text, 20, 5))

    assert list(passages(text, 20, 5)) == careful


@given(
    words=st.lists(
        st.sampled_from(["boat", "a.", "\n\n", "sea!)", "日本。", "\n# Head one\n", "x" * 45, "é"]), max_size=200
    ),
    block=st.integers(1, 60),
)
def test_text_is_cut_alike_in_one_piece_and_in_many(words: list[str], block: int) -> None:
    text = " ".join(words)
    whole = list(parts_of(text, 20, 5))

    with patch("readers.passages._BLOCK", block):
        assert list(parts_of(text, 20, 5)) == whole


def test_a_mark_that_does_not_begin_a_line_is_no_heading() -> None:
    for line in ("  x # One", "    # One", "#One", "####### One"):
        text = f"{sentences(3)}\n{line}\n{sentences(1)}"
        assert passages(text, 40, 0) == [" ".join([sentences(3), *line.split(), sentences(1)])]


def test_rare_spaces_cut_as_blanks_do() -> None:
    text = "The keeper climbs the stairs. He lights the lamp.\n\nShips pass. " * 20
    plain = [(part.text, part.begin, part.end) for part in parts_of(text, 17, 6)]
    assert len(plain) > 10
    for space in ("\t", "\f"):
        rare = [(part.text, part.begin, part.end) for part in parts_of(text.replace(" ", space), 17, 6)]
        assert rare == plain
