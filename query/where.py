"""A small readable language for filters -> `models.Filter`.

    modality = video
    folder = animals/birds and size > 10MB
    modified >= 2025-01-01 and (modality in (image, video) or tag = "red dress")
    not path ~ drafts and path = holiday/**/*.jpg
    location near (48.86, 2.35, 10km) or location within (49, 2, 48, 3)

A payload field, an operator (= != > >= < <= in ~ near within), a value. A date without a time is the whole day: `=` on
it, `>` after it, `<=` to its end. `~` asks for words in a text. A path that is
not quoted and has `*` or `?` is a pattern. `near` takes latitude, longitude and a radius; `within` the north, west,
south and east of a box. Short names stand for what people ask for most (see `FIELDS`); any other field goes by its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from query.glob import is_glob
from query.values import UNITS, Value, among, equals, plain, span
from schemas import Modality, UnknownNameError, UsageError, payload

if TYPE_CHECKING:
    from qdrant_client import models

T = TypeVar("T")

Paths = Callable[[str], list[str]]

FIELDS: dict[str, str] = {
    "tag": f"{payload.INFO}.tags",
    "tags": f"{payload.INFO}.tags",
    "taken": payload.TAKEN,
    "width": f"{payload.INFO}.width",
    "height": f"{payload.INFO}.height",
    "duration": f"{payload.INFO}.duration",
    "title": f"{payload.INFO}.title",
    "caption": f"{payload.WORDS}.sidecar",
    "name": f"{payload.WORDS}.name",
    "location": f"{payload.INFO}.gps",
}

PLAIN = {
    payload.SOURCE, payload.PATH, payload.FOLDER, payload.ITEM, payload.SEGMENT, payload.SEGMENTS, payload.STATE,
    payload.REASON, payload.AT_FAULT, payload.MODALITY, payload.MIME, payload.SIZE, payload.MTIME_NS, payload.MODIFIED,
    payload.HASH, payload.SIDECARS, payload.START, payload.END, payload.PAGE,
}  # fmt: skip
TIMES = {payload.MODIFIED, payload.TAKEN}
NESTED = (payload.WORDS, payload.INFO, payload.ENCODERS)  # info.camera, words.ocr, encoders.text

MODALITIES = {
    "picture": "image", "photo": "image", "sound": "audio", "recording": "audio", "clip": "video", "film": "video",
    "document": "text",
}  # fmt: skip
"""What people call the modalities, besides their names."""

TOKEN = re.compile(
    r"""\s*(?:(?P<op>!=|>=|<=|=|>|<|~|\(|\)|,)|"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s()=<>!~,"']+))"""
)

DEEPEST = 50  # conditions within each other: Python's own stack has an end, and so has the engine's

RANGES = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def parse_where(text: str, paths: Paths | None = None) -> models.Filter:
    """The filter that a text asks for.

    Args:
        text: the filter in words.
        paths: the paths that a pattern fits; without it, patterns are refused.

    Raises:
        UsageError: the text is not understood; the sentence says where.
    """
    return _Parser(text, paths).parse()


class _Parser:
    """Recursive descent: either := both ("or" both)*; both := one ("and" one)*; one := "not" one | (either) | test."""

    def __init__(self, text: str, paths: Paths | None = None) -> None:
        self._paths = paths
        text = payload.payload_path(text)  # bytes that are no UTF-8 are spelled as in the payload
        self._text = text
        self._tokens: list[tuple[str, bool]] = []  # with whether it was quoted
        self._starts: list[int] = []
        self._at = self._depth = at = 0
        end = len(text.rstrip())
        while at < end:
            match = TOKEN.match(text, at)
            if match is None:
                self._starts.append(len(text) - len(text[at:].lstrip()))
                self._at = len(self._starts)
                raise self._error(f"{text[at:].strip()!r}")
            quoted = match["quoted"] if match["quoted"] is not None else match["single"]
            self._tokens.append((quoted, True) if quoted is not None else (match["op"] or match["word"], False))
            self._starts.append(match.end() - len(match[0].lstrip()))
            at = match.end()

    def parse(self) -> models.Filter:
        from qdrant_client import models

        found = self._either()
        if self._at < len(self._tokens):
            self._at += 1
            raise self._error(f"{self._tokens[self._at - 1][0]!r}")
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
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"what stands within {DEEPEST} others")
        found = self._inner()
        self._depth -= 1
        return found

    def _inner(self) -> Any:
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
            return among(key, self._list(lambda: self._value_of(key)))
        if operator == "near":
            latitude, longitude, radius = self._numbers("near", 3)
            centre = self._point(latitude, longitude)
            return models.FieldCondition(key=key, geo_radius=models.GeoRadius(center=centre, radius=radius))
        if operator == "within":
            north, west, south, east = self._numbers("within", 4)
            box = models.GeoBoundingBox(top_left=self._point(north, west), bottom_right=self._point(south, east))
            return models.FieldCondition(key=key, geo_bounding_box=box)
        if operator == "~":
            return models.FieldCondition(key=key, match=models.MatchText(text=str(self._take("a text"))))
        if operator in RANGES:
            return models.FieldCondition(key=key, range=self._range(key, operator))
        if operator not in ("=", "!="):
            raise self._error(f"{operator!r}, where an operator (= != > >= < <= in ~ near within) was expected")
        value = self._value_of(key)
        quoted = self._tokens[self._at - 1][1]
        fits = key == payload.PATH and not quoted and isinstance(value, str) and is_glob(value)
        condition = self._like(str(value)) if fits else equals(key, value)
        return condition if operator == "=" else models.Filter(must_not=[condition])

    def _like(self, pattern: str) -> Any:
        from qdrant_client import models

        if self._paths is None:
            raise self._error(f"the pattern {pattern!r}, which can only be asked of a collection")
        return models.FieldCondition(key=payload.PATH, match=models.MatchAny(any=self._paths(pattern)))

    def _list(self, one: Callable[[], T]) -> list[T]:
        self._expect("(")
        values = [one()]
        while self._skip(","):
            values.append(one())
        self._expect(")")
        return values

    def _numbers(self, operator: str, count: int) -> list[float]:
        values = self._list(self._number)
        if len(values) != count:
            what = "latitude, longitude and radius" if operator == "near" else "north, west, south and east"
            raise self._error(f"{operator} with {len(values)} numbers, which takes {what}")
        return values

    def _number(self) -> float:
        value = self._value()
        if self._at < len(self._tokens) and self._tokens[self._at][0].lower() in UNITS:  # 10 km
            value = plain(f"{value}{self._take('a unit')}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(f"{value!r}, where a number was expected")
        return float(value)

    def _point(self, latitude: float, longitude: float) -> Any:
        from qdrant_client import models

        if abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004 - degrees
            raise self._error(f"({latitude:g}, {longitude:g}), which is no latitude and longitude")
        return models.GeoPoint(lat=latitude, lon=longitude)

    def _range(self, key: str, operator: str) -> Any:
        from qdrant_client import models

        value = self._value_of(key)
        if isinstance(value, date):
            return models.DatetimeRange(**span(operator, value))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(f"{value!r}, where a number or a date was expected")
        return models.Range(**{RANGES[operator]: float(value)})

    def _value_of(self, key: str) -> Value:
        value = self._value()
        if key in TIMES:
            value = plain(value) if isinstance(value, str) else value  # quoted, as a time with a space has to be
            if not isinstance(value, date):
                raise self._error(f"{value!r}, where a date was expected, such as 2025-01-31 or 2025-01-31T18:30")
        if key != payload.MODALITY:
            return value
        named = MODALITIES.get(str(value), str(value))
        if named not in list(Modality):
            raise UnknownNameError("modality", str(value), [*Modality, *MODALITIES])
        return named

    def _value(self) -> Value:
        text = self._take("a value")
        return text if self._tokens[self._at - 1][1] else plain(text)

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
            self._at += 1
            raise self._error(f"{found}, where {token!r} was expected")

    def _error(self, found: str) -> UsageError:
        at = self._starts[self._at - 1] + 1 if 0 < self._at <= len(self._starts) else len(self._text) + 1
        at = len(self._text) + 1 if found.startswith("its end") else at
        return UsageError(
            f"The filter {self._text!r} is not understood at {found} (character {at}). Write for example: "
            "modality = video and modified > 2025-01-01"
        )


def field_key(name: str) -> str:
    """The payload field that a word stands for."""
    key = FIELDS.get(name, name)
    if key not in PLAIN and not key.startswith(tuple(f"{field}." for field in NESTED)):
        raise UnknownNameError("field", name, [*FIELDS, *PLAIN, *(f"{field}.NAME" for field in NESTED)])
    return key
