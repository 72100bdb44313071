"""Answers of many small models, built from values that need no check."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)


def trusted(model: type[Model], **values: Any) -> Model:
    """A model of right values, one for each of its fields.

    The same as `model_construct`, which looks for the defaults and aliases of fields that are not given, and takes more
    than twice as long: an answer of the store has hundreds of points.
    """
    made: Model = maker(model)(values)
    return made


@cache
def maker(model: type[Model]) -> Callable[[dict[str, Any]], Model]:
    """The same for many models of a kind: a function of a dictionary of all fields, which the model keeps."""
    new = object.__new__
    # As `object.__setattr__` would, without looking for them by name: all that a model has lies in these four places.
    put_values, put_given, put_extra, put_private = (
        BaseModel.__dict__[name].__set__
        for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
    )
    given = set(model.model_fields)  # one for all, which has all names that could ever be added to it

    def make(values: dict[str, Any]) -> Model:
        made = new(model)
        put_values(made, values)
        put_given(made, given)
        put_extra(made, None)
        put_private(made, None)
        return made

    return make
