"""Segments to vectors: one encoder a file, a registry, presets; enrichers that turn media into words."""

from encoders.base import Encoder
from encoders.contents import Content
from encoders.enrichers import Enricher, load_enrichers
from encoders.presets import PRESETS, EncoderSet, Route, load_preset

__all__ = ["PRESETS", "Content", "Encoder", "EncoderSet", "Enricher", "Route", "load_enrichers", "load_preset"]
