"""Segments to vectors: one encoder a file, a registry, presets; enrichers that turn media into words."""

from encoders.base import Encoder
from encoders.contents import Clip, Content, spread
from encoders.enrichers import Enricher, Enriching, begin, fingerprints, load_enrichers
from encoders.lexical import Lexical
from encoders.presets import PRESETS, EncoderSet, Preset, Route, load_preset, preset_named
from encoders.reranker import Reranker, Shown, load_reranker
from encoders.running import Running

__all__ = [
    "PRESETS",
    "Clip",
    "Content",
    "Encoder",
    "EncoderSet",
    "Enricher",
    "Enriching",
    "Lexical",
    "Preset",
    "Reranker",
    "Route",
    "Running",
    "Shown",
    "begin",
    "fingerprints",
    "load_enrichers",
    "load_preset",
    "load_reranker",
    "preset_named",
    "spread",
]
