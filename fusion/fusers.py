"""Every fusion of vectors by its name, and how one that was kept is made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fusion.attention import Attention
from fusion.fused import Concatenation, SharedSum
from fusion.views import Fuser
from schemas import UnknownNameError

FUSERS: dict[str, Callable[..., Fuser]] = {
    "attention": Attention.from_arrays,
    "concatenation": Concatenation.from_arrays,
    "sum": SharedSum.from_arrays,
}


def load(arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> Fuser:
    """The fusion that `arrays` and `meta` describe.

    Raises:
        UnknownNameError: it is of a kind that this version does not know.
    """
    method = str(meta["method"])
    if method not in FUSERS:
        raise UnknownNameError("fusion", method, FUSERS)
    return FUSERS[method](arrays, meta)
