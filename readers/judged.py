"""Questions with their right answers, from files: a line of JSON each, or TREC's qrels with its topics."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas import UsageError
from schemas.evaluation import Judged, Query
from schemas.search import SearchRequest
from schemas.sentences import sentence

LINE = '{"query": "a red boat", "relevant": ["holiday/boat.jpg"]}'
COLUMNS = 4  # of qrels: question, iteration, document, grade


def read_judged(file: Path, topics: Path | None = None) -> Judged:
    """Questions and judgements.

    Args:
        file: JSON lines: `{"query": "words", "relevant": ["path", …]}`, with `"request": {…}` (a `SearchRequest`) in
            place of words, `{"path": grade}` in place of a list, and `id` and `group` if wanted. Or qrels of TREC:
            question, iteration, document and grade, with blanks between.
        topics: the words of the questions of qrels: `id`, a tab and the words, or JSON lines with `id` and `text`.

    Raises:
        UsageError: a file cannot be read, or a line is not understood.
    """
    lines = list(_lines(file))
    if lines and not lines[0][1].startswith("{"):
        return _trec(file, lines, topics)
    judged = Judged()
    for number, line in lines:
        query, right = _question(file, number, line)
        if query.id in judged.judgements:
            raise UsageError(f"Line {number} of {str(file)!r} repeats the question {query.id!r}: give each its own id.")
        judged.queries.append(query)
        judged.judgements[query.id] = right
    return judged


def _question(file: Path, number: int, line: str) -> tuple[Query, dict[str, int]]:
    try:
        given = json.loads(line)
        relevant = given["relevant"]
        right = {str(one): int(grade) for one, grade in relevant.items()} if isinstance(relevant, dict) else {
            str(one): 1 for one in relevant
        }  # fmt: skip
        request = SearchRequest.model_validate(given.get("request") or {"parts": [{"text": given["query"]}]})
        identity = str(given.get("id") or given.get("query") or f"line {number}")
        return Query(
            id=identity, request=request, group=str(given.get("group", "")), kind=str(given.get("kind", "given"))
        ), right
    except ValidationError as error:
        raise UsageError(f"Line {number} of {str(file)!r} is no question: {sentence(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"Line {number} of {str(file)!r} is not understood: write {LINE}.") from error


def _trec(file: Path, lines: list[tuple[int, str]], topics: Path | None) -> Judged:
    if topics is None:
        raise UsageError(f"{str(file)!r} names questions by their ids: give the file of their words with --topics.")
    words = dict(_topics(topics))
    judged = Judged()
    for number, line in lines:
        # A path may hold blanks, which qrels do not know; the grade is the last word, and the path what is between.
        fields = line.split(None, 2)
        document, _, grade = fields[-1].rpartition(" ") if "\t" not in line else fields[-1].rpartition("\t")
        if len(fields) < COLUMNS - 1 or not document or not grade.strip().lstrip("-").isdigit():
            raise UsageError(
                f"Line {number} of {str(file)!r} is neither JSON nor of qrels: write QUESTION 0 DOCUMENT GRADE, or "
                f"{LINE}."
            )
        judged.judgements.setdefault(fields[0], {})[document.strip()] = max(0, int(grade))
    lacking = [one for one in judged.judgements if one not in words]
    if lacking:
        judged.notes.append(f"{len(lacking)} questions have no words in {str(topics)!r}, such as {lacking[0]!r}.")
    for one in judged.judgements.keys() & words.keys():
        judged.queries.append(Query(id=one, request=SearchRequest.of(text=words[one])))
    judged.queries.sort(key=lambda query: query.id)
    return judged


def _topics(file: Path) -> Iterator[tuple[str, str]]:
    for number, line in _lines(file):
        try:
            if line.startswith("{"):
                given = json.loads(line)
                yield str(given.get("id") or given["_id"]), str(given.get("text") or given["query"])
            else:
                identity, words = line.split("\t", 1)
                yield identity.strip(), words.strip()
        except (ValueError, KeyError) as error:
            raise UsageError(
                f"Line {number} of {str(file)!r} is no topic: write its id, a tab and its words, or JSON with "
                "id and text."
            ) from error


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if line.strip():
            yield number, line.strip()


def read_text(file: Path) -> str:
    """The words of a file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"The questions {str(file)!r} cannot be read: {reason}.") from error


def read_table(file: Path, needed: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows of a table by the names of its columns.

    Raises:
        UsageError: it cannot be read, or lacks a column.
    """
    rows = csv.DictReader(read_text(file).splitlines(), skipinitialspace=True)
    have = [str(name).strip() for name in rows.fieldnames or ()]
    if missing := [name for name in needed if name not in have]:
        raise UsageError(f"The table {str(file)!r} has no column {missing[0]!r}, but {', '.join(have) or 'nothing'}.")
    for row in rows:
        yield {str(name).strip(): value for name, value in row.items()}
