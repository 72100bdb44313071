"""Vectors to better vectors, rankings to better rankings: one file a method."""

from fusion.base import Fused, Fusion, Ranking, VectorPart
from fusion.bridge import Bridge
from fusion.comb import combmax, combmnz
from fusion.dbsf import dbsf
from fusion.evidence import evidence
from fusion.relative import relative
from fusion.rrf import rrf
from schemas import UnknownNameError

__all__ = ["FUSIONS", "Bridge", "Fused", "Fusion", "Ranking", "VectorPart", "get"]

FUSIONS: dict[str, Fusion] = {
    "combmnz": combmnz,
    "dbsf": dbsf,
    "evidence": evidence,
    "max": combmax,
    "relative": relative,
    "rrf": rrf,
}
"""Every fusion of rankings by name."""


def get(name: str) -> Fusion:
    """The fusion of this name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in FUSIONS:
        raise UnknownNameError("fusion", name, FUSIONS)
    return FUSIONS[name]
