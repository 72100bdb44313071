"""Words as words: sparse BM25 weights, for exact terms and names that no embedding knows.

The engine's own BM25 makes them (Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009), so that they
are the same whichever engine stores them; the rarity of a term (IDF) is the engine's to add when it searches. Making
them costs microseconds: they are not counted as encoding.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from schemas import EncoderSpec, Modality
from schemas.trusted import trusted

if TYPE_CHECKING:
    from qdrant_client import models


class Lexical:
    """Texts to sparse vectors."""

    spec = EncoderSpec(
        name="bm25",
        model="Qdrant BM25, English stemmer and stop words",
        revision="1",
        modalities=(Modality.TEXT,),
        dim=0,
        space="bm25-english",
        license="Apache-2.0",
        distance="dot",
        sparse=True,
    )

    def document(self, text: str) -> models.SparseVector:
        """The weights of a text's terms, saturated and normalised by its length."""
        return _sparse(self._model.embed_document(text))

    def query(self, text: str) -> models.SparseVector:
        """The terms of a question, each with weight 1."""
        return _sparse(self._model.embed_query(text))

    def terms(self, text: str) -> list[int]:
        """The different terms of a text, whether it is stored or asked."""
        terms: list[int] = self._model.embed_query(text).indices
        return terms

    @cached_property
    def _model(self) -> Any:
        from qdrant_edge import Bm25, Bm25Config

        return Bm25(Bm25Config(language="english", lowercase=True, ascii_folding=True))


def _sparse(vector: Any) -> models.SparseVector:
    from qdrant_client import models

    return trusted(models.SparseVector, indices=list(vector.indices), values=list(vector.values))
