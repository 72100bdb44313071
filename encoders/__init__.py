"""Segments to vectors: one encoder a file, a registry, presets; enrichers that turn media into words."""

from encoders.base import Content, Encoder
from encoders.enrichers import Enricher, load_enrichers
from encoders.presets import PRESETS, EncoderSet, load_preset

__all__ = ["PRESETS", "Content", "Encoder", "EncoderSet", "Enricher", "load_enrichers", "load_preset"]
