from __future__ import annotations

from pathlib import Path

import pytest

from readers.judged import read_judged
from schemas import UsageError


def test_json_lines_hold_words_or_requests_lists_or_grades(tmp_path: Path) -> None:
    file = tmp_path / "judged.jsonl"
    file.write_text(
        '{"query": "a red boat", "relevant": ["holiday/boat.jpg"]}\n\n'
        '{"id": "q2", "group": "harbour", "request": {"parts": [{"item": "pier.jpg"}]}, "relevant": {"a": 2, "b": 0}}\n'
    )
    judged = read_judged(file)

    assert [query.id for query in judged.queries] == ["a red boat", "q2"]
    assert judged.queries[0].request.parts[0].text == "a red boat"
    assert judged.queries[1].request.parts[0].item == "pier.jpg"
    assert judged.queries[1].group == "harbour"
    assert judged.judgements == {"a red boat": {"holiday/boat.jpg": 1}, "q2": {"a": 2, "b": 0}}


def test_qrels_are_read_with_their_topics_and_paths_may_hold_blanks(tmp_path: Path) -> None:
    qrels, topics = tmp_path / "qrels.txt", tmp_path / "topics.tsv"
    qrels.write_text("301 0 holiday/boat.jpg 2\n301 0 my pictures/red boat.jpg 1\n302\t0\tbell.wav\t-1\n303 0 x 1\n")
    topics.write_text("301\ta red boat\n302\ta bell\n")
    judged = read_judged(qrels, topics)

    assert {query.id: query.request.parts[0].text for query in judged.queries} == {"301": "a red boat", "302": "a bell"}
    assert judged.judgements["301"] == {"holiday/boat.jpg": 2, "my pictures/red boat.jpg": 1}
    assert judged.judgements["302"] == {"bell.wav": 0}
    assert judged.notes == [f"1 questions have no words in {str(topics)!r}, such as '303'."]


def test_topics_may_be_json_lines_as_of_beir(tmp_path: Path) -> None:
    (tmp_path / "qrels").write_text("1 0 a 1\n")
    (tmp_path / "queries.jsonl").write_text('{"_id": "1", "text": "a boat"}\n')

    assert read_judged(tmp_path / "qrels", tmp_path / "queries.jsonl").queries[0].request.parts[0].text == "a boat"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"query": "a"}', "Line 1 of .* is not understood: write"),
        ('{"query": "a", "relevant": []}\n{"query": "a", "relevant": []}', "Line 2 of .* repeats the question 'a'"),
        ('{"request": {"parts": []}, "relevant": []}', "Line 1 of .* is no question: A question needs words"),
        ("1 0 a 1", "give the file of their words with --topics"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "judged"
    file.write_text(text)

    with pytest.raises(UsageError, match=said):
        read_judged(file)


def test_line_of_qrels_without_a_grade_is_named(tmp_path: Path) -> None:
    (tmp_path / "qrels").write_text("1 0 a 1\n1 0 b\n")
    (tmp_path / "topics").write_text("1\twords\n")

    with pytest.raises(UsageError, match=r"Line 2 of .* is neither JSON nor of qrels"):
        read_judged(tmp_path / "qrels", tmp_path / "topics")
    with pytest.raises(UsageError, match="cannot be read"):
        read_judged(tmp_path / "nothing")
