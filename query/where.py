"""A small readable language for filters -> `models.Filter`.

    modality = video
    folder = animals/birds and size > 100000
    modified >= 2025-01-01 and (modality in (image, video) or tag = "red dress")
    not path ~ drafts

Words: a payload field, an operator (= != > >= < <= in ~), a value. `~` asks for words in a text. Short names stand for
what people ask for most (see `FIELDS`); any other payload field goes by its own name.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from schemas import Modality, UnknownNameError, UsageError, payload

if TYPE_CHECKING:
    from qdrant_client import models

FIELDS: dict[str, str] = {
    "tag": f"{payload.INFO}.tags",
    "tags": f"{payload.INFO}.tags",
    "taken": f"{payload.INFO}.taken",
    "width": f"{payload.INFO}.width",
    "height": f"{payload.INFO}.height",
    "duration": f"{payload.INFO}.duration",
    "title": f"{payload.INFO}.title",
    "caption": f"{payload.WORDS}.sidecar",
    "name": f"{payload.WORDS}.name",
}

PLAIN = {
    payload.SOURCE, payload.PATH, payload.FOLDER, payload.ITEM, payload.SEGMENT, payload.SEGMENTS, payload.STATE,
    payload.REASON, payload.AT_FAULT, payload.MODALITY, payload.MIME, payload.SIZE, payload.MTIME_NS, payload.MODIFIED,
    payload.HASH, payload.SIDECARS, payload.START, payload.END, payload.PAGE,
}  # fmt: skip
NESTED = (payload.WORDS, payload.INFO, payload.ENCODERS)  # info.camera, words.ocr, encoders.text

MODALITIES = {
    "picture": "image", "photo": "image", "sound": "audio", "recording": "audio", "clip": "video", "film": "video",
    "document": "text",
}  # fmt: skip
"""What people call the modalities, besides their names."""

TOKEN = re.compile(
    r"""\s*(?:(?P<op>!=|>=|<=|=|>|<|~|\(|\)|,)|"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s()=<>!~,"']+))"""
)

RANGES = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def parse_where(text: str) -> models.Filter:
    """The filter that a text asks for.

    Raises:
        UsageError: the text is not understood; the sentence says where.
    """
    return _Parser(text).parse()


class _Parser:
    """Recursive descent: either := both ("or" both)*; both := one ("and" one)*; one := "not" one | (either) | test."""

    def __init__(self, text: str) -> None:
        text = payload.payload_path(text)  # bytes that are no UTF-8 are spelled as in the payload
        self._text = text
        self._tokens: list[tuple[str, bool]] = []  # with whether it was quoted
        at = 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if match is None:
                raise self._error(f"{text[at:].strip()!r}")
            quoted = match["quoted"] if match["quoted"] is not None else match["single"]
            self._tokens.append((quoted, True) if quoted is not None else (match["op"] or match["word"], False))
            at = match.end()
        self._at = 0

    def parse(self) -> models.Filter:
        from qdrant_client import models

        found = self._either()
        if self._at < len(self._tokens):
            raise self._error(f"{self._tokens[self._at][0]!r}")
        return found if isinstance(found, models.Filter) else models.Filter(must=[found])

    def _either(self) -> Any:
        from qdrant_client import models

        found = [self._both()]
        while self._skip("or"):
            found.append(self._both())
        return found[0] if len(found) == 1 else models.Filter(should=found)

    def _both(self) -> Any:
        from qdrant_client import models

        found = [self._one()]
        while self._skip("and"):
            found.append(self._one())
        return found[0] if len(found) == 1 else models.Filter(must=found)

    def _one(self) -> Any:
        from qdrant_client import models

        if self._skip("not"):
            return models.Filter(must_not=[self._one()])
        if self._skip("("):
            found = self._either()
            self._expect(")")
            return found
        return self._test()

    def _test(self) -> Any:
        from qdrant_client import models

        key, operator = field_key(self._take("a field")), self._take("an operator")
        if operator == "in":
            self._expect("(")
            values = [self._value_of(key)]
            while self._skip(","):
                values.append(self._value_of(key))
            self._expect(")")
            return models.FieldCondition(key=key, match=models.MatchAny(any=[_exact(value) for value in values]))
        if operator == "~":
            return models.FieldCondition(key=key, match=models.MatchText(text=str(self._take("a text"))))
        if operator in RANGES:
            return models.FieldCondition(key=key, range=self._range(operator))
        if operator not in ("=", "!="):
            raise self._error(f"{operator!r}, where an operator (= != > >= < <= in ~) was expected")
        condition = _equals(key, self._value_of(key))
        return condition if operator == "=" else models.Filter(must_not=[condition])

    def _range(self, operator: str) -> Any:
        from qdrant_client import models

        value = self._value()
        if isinstance(value, datetime):
            return models.DatetimeRange(**{RANGES[operator]: value})
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(f"{value!r}, where a number or a date was expected")
        return models.Range(**{RANGES[operator]: float(value)})

    def _value_of(self, key: str) -> str | int | float | bool | datetime:
        value = self._value()
        if key != payload.MODALITY:
            return value
        named = MODALITIES.get(str(value), str(value))
        if named not in list(Modality):
            raise UnknownNameError("modality", str(value), [*Modality, *MODALITIES])
        return named

    def _value(self) -> str | int | float | bool | datetime:
        text = self._take("a value")
        return text if self._tokens[self._at - 1][1] else _plain(text)

    def _take(self, what: str) -> str:
        if self._at >= len(self._tokens):
            raise self._error(f"its end, where {what} was expected")
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _skip(self, token: str) -> bool:
        if self._at < len(self._tokens):
            found, quoted = self._tokens[self._at]
            if not quoted and found.lower() == token:
                self._at += 1
                return True
        return False

    def _expect(self, token: str) -> None:
        if not self._skip(token):
            found = repr(self._tokens[self._at][0]) if self._at < len(self._tokens) else "its end"
            raise self._error(f"{found}, where {token!r} was expected")

    def _error(self, found: str) -> UsageError:
        return UsageError(
            f"The filter {self._text!r} is not understood at {found}. Write for example: "
            "modality = video and modified > 2025-01-01"
        )


def field_key(name: str) -> str:
    """The payload field that a word stands for."""
    key = FIELDS.get(name, name)
    if key not in PLAIN and not key.startswith(tuple(f"{field}." for field in NESTED)):
        raise UnknownNameError("field", name, [*FIELDS, *PLAIN, *(f"{field}.NAME" for field in NESTED)])
    return key


def _plain(text: str) -> str | int | float | bool | datetime:
    """A value that was not quoted: a number, a date, true or false, or else the word itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text) if len(text) > len("2025-01-01") else _midnight(text)
    except ValueError:
        return text


def _midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time())


def _exact(value: str | int | float | bool | datetime) -> Any:
    return value if isinstance(value, int | str) else str(value)


def _equals(key: str, value: str | int | float | bool | datetime) -> Any:
    """Equality; the engine matches keywords, whole numbers and booleans, so that other numbers and dates are ranges."""
    from qdrant_client import models

    if isinstance(value, datetime):
        return models.FieldCondition(key=key, range=models.DatetimeRange(gte=value, lte=value))
    if isinstance(value, float):
        return models.FieldCondition(key=key, range=models.Range(gte=value, lte=value))
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
