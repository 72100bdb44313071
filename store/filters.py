"""Filters of `qdrant_client.models` as those of the embedded engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import qdrant_edge as edge
from qdrant_client import models

from schemas.errors import NotOfferedError

if TYPE_CHECKING:
    from datetime import date

ToFilter = Callable[["models.Filter | None"], "edge.Filter | None"]


def to_filter(given: models.Filter | None) -> edge.Filter | None:
    """A filter; None stays None.

    Raises:
        NotOfferedError: it asks for something that the embedded engine cannot do.
    """
    return None if given is None else _filter(given)


def once() -> ToFilter:
    """`to_filter` for requests that share filters: each is converted once, and a thousand ids take milliseconds."""
    made: dict[int, tuple[models.Filter | None, edge.Filter | None]] = {}  # the first keeps its id from being reused

    def convert(given: models.Filter | None) -> edge.Filter | None:
        if id(given) not in made:
            made[id(given)] = given, to_filter(given)
        return made[id(given)][1]

    return convert


def _filter(given: models.Filter) -> edge.Filter:
    must, should, must_not, least = given.must, given.should, given.must_not, given.min_should
    return edge.Filter(
        must=None if must is None else _conditions(must),
        should=None if should is None else _conditions(should),
        must_not=None if must_not is None else _conditions(must_not),
        min_should=None
        if least is None
        else edge.MinShould([to_condition(condition) for condition in least.conditions], least.min_count),
    )


def to_condition(given: models.Condition) -> Any:
    """One condition.

    Raises:
        NotOfferedError: the embedded engine cannot do it.
    """
    return _CONDITIONS.get(type(given), _no_condition)(given)


def _no_condition(given: Any) -> Any:
    raise unsupported(f"the filter condition {type(given).__name__}")


def unsupported(what: str) -> NotOfferedError:
    """The error for what this engine lacks: it names the feature and the way out."""
    return NotOfferedError(
        f"The embedded engine cannot do {what}: use a Qdrant server for it (--store http://...), or ask without it."
    )


def to_geo_point(given: models.GeoPoint) -> edge.GeoPoint:
    """A place by longitude and latitude, degrees."""
    return edge.GeoPoint(lon=given.lon, lat=given.lat)


def _conditions(given: models.Condition | list[models.Condition]) -> list[Any]:
    some = given if type(given) is list else [given]
    return [_CONDITIONS.get(type(condition), _no_condition)(condition) for condition in some]


def _field(given: models.FieldCondition) -> edge.FieldCondition:
    match, span, count = given.match, given.range, given.values_count
    box, circle, polygon = given.geo_bounding_box, given.geo_radius, given.geo_polygon
    return edge.FieldCondition(
        key=given.key,
        match=None if match is None else _MATCHES.get(type(match), _no_match)(match),
        range=None if span is None else _range(span),
        geo_bounding_box=None
        if box is None
        else edge.GeoBoundingBox(to_geo_point(box.top_left), to_geo_point(box.bottom_right)),
        geo_radius=None if circle is None else edge.GeoRadius(to_geo_point(circle.center), circle.radius),
        geo_polygon=None
        if polygon is None
        else edge.GeoPolygon(_ring(polygon.exterior), [_ring(ring) for ring in polygon.interiors or ()]),
        values_count=None
        if count is None
        else edge.ValuesCount(lt=count.lt, gt=count.gt, lte=count.lte, gte=count.gte),
        is_empty=given.is_empty,
        is_null=given.is_null,
    )


def _ring(given: models.GeoLineString) -> list[edge.GeoPoint]:
    return [to_geo_point(point) for point in given.points]


def _range(given: models.RangeInterface) -> edge.RangeFloat | edge.RangeDateTime:
    if isinstance(given, models.DatetimeRange):
        return edge.RangeDateTime(
            gte=_moment(given.gte), gt=_moment(given.gt), lte=_moment(given.lte), lt=_moment(given.lt)
        )
    return edge.RangeFloat(gte=given.gte, gt=given.gt, lte=given.lte, lt=given.lt)


def _moment(given: date | None) -> str | None:
    return None if given is None else given.isoformat()


def _value(given: models.MatchValue) -> edge.MatchValue:
    if type(given.value) is bool:
        # Its Python binding makes True the number 1, which no boolean matches.
        raise unsupported("a match of true or false (a number or a word in the payload it can match)")
    return edge.MatchValue(given.value)


def _no_match(given: Any) -> Any:
    raise unsupported(f"the match {type(given).__name__}")


_MATCHES: dict[type, Callable[[Any], Any]] = {
    models.MatchValue: _value,
    models.MatchAny: lambda given: edge.MatchAny(given.any),
    models.MatchExcept: lambda given: edge.MatchExcept(given.except_),
    models.MatchText: lambda given: edge.MatchText(given.text),
    models.MatchTextAny: lambda given: edge.MatchTextAny(given.text_any),
    models.MatchPhrase: lambda given: edge.MatchPhrase(given.phrase),
    models.MatchPrefix: lambda given: edge.MatchPrefix(given.prefix),
    models.MatchSubstring: lambda given: edge.MatchSubstring(given.substring),
}

_CONDITIONS: dict[type, Callable[[Any], Any]] = {
    models.FieldCondition: _field,
    models.Filter: _filter,
    models.HasIdCondition: lambda given: edge.HasIdCondition(set(given.has_id)),
    models.HasVectorCondition: lambda given: edge.HasVectorCondition(given.has_vector),
    models.IsEmptyCondition: lambda given: edge.IsEmptyCondition(given.is_empty.key),
    models.IsNullCondition: lambda given: edge.IsNullCondition(given.is_null.key),
    models.NestedCondition: lambda given: edge.NestedCondition(given.nested.key, _filter(given.nested.filter)),
}
