"""Score formulas of `qdrant_client.models` as those of the embedded engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import qdrant_edge as edge
from qdrant_client import models

from store.filters import to_condition, to_geo_point, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

_E = edge.Expression


def to_formula(given: models.FormulaQuery) -> edge.Formula:
    """A formula with the defaults of its variables.

    Raises:
        StoreError: it has a part that the embedded engine cannot compute.
    """
    return edge.Formula(to_expression(given.formula), dict(given.defaults or {}))


def to_expression(given: Any) -> Any:
    """One node of the formula, and those below it."""
    if isinstance(given, bool | int | float):
        return _E.Constant(float(given))
    if isinstance(given, str):
        return _E.Variable(given)
    convert = _EXPRESSIONS.get(type(given))
    if convert is not None:
        return convert(given)
    if isinstance(given, _CONDITIONS):
        return _E.Condition(to_condition(given))
    raise unsupported(f"the expression {type(given).__name__} in a formula")


def _all(given: list[Any]) -> list[Any]:
    return [to_expression(part) for part in given]


def _decay(kind: edge.DecayKind, given: models.DecayParamsExpression) -> Any:
    return _E.Decay(
        kind,
        to_expression(given.x),
        None if given.target is None else to_expression(given.target),
        midpoint=given.midpoint,
        scale=given.scale,
    )


_CONDITIONS = (
    models.FieldCondition,
    models.IsEmptyCondition,
    models.IsNullCondition,
    models.HasIdCondition,
    models.HasVectorCondition,
    models.NestedCondition,
    models.Filter,
)

_EXPRESSIONS: dict[type, Callable[[Any], Any]] = {
    models.GeoDistance: lambda given: _E.GeoDistance(to_geo_point(given.geo_distance.origin), given.geo_distance.to),
    models.DatetimeExpression: lambda given: _E.Datetime(given.datetime),
    models.DatetimeKeyExpression: lambda given: _E.DatetimeKey(given.datetime_key),
    models.MultExpression: lambda given: _E.Mult(_all(given.mult)),
    models.SumExpression: lambda given: _E.Sum(_all(given.sum)),
    models.MaxExpression: lambda given: _E.Max(_all(given.max)),
    models.MinExpression: lambda given: _E.Min(_all(given.min)),
    models.NegExpression: lambda given: _E.Neg(to_expression(given.neg)),
    models.AbsExpression: lambda given: _E.Abs(to_expression(given.abs)),
    models.DivExpression: lambda given: _E.Div(
        to_expression(given.div.left), to_expression(given.div.right), given.div.by_zero_default
    ),
    models.SqrtExpression: lambda given: _E.Sqrt(to_expression(given.sqrt)),
    models.PowExpression: lambda given: _E.Pow(to_expression(given.pow.base), to_expression(given.pow.exponent)),
    models.ExpExpression: lambda given: _E.Exp(to_expression(given.exp)),
    models.Log10Expression: lambda given: _E.Log10(to_expression(given.log10)),
    models.LnExpression: lambda given: _E.Ln(to_expression(given.ln)),
    models.AcoshExpression: lambda given: _E.Acosh(to_expression(given.acosh)),
    models.LinDecayExpression: lambda given: _decay(edge.DecayKind.Lin, given.lin_decay),
    models.ExpDecayExpression: lambda given: _decay(edge.DecayKind.Exp, given.exp_decay),
    models.GaussDecayExpression: lambda given: _decay(edge.DecayKind.Gauss, given.gauss_decay),
}
