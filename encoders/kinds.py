"""The kinds of pretrained models: which class runs one, what it encodes, and what its named vector holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas import EncoderSpec, Modality

TEXT, IMAGE, AUDIO, VIDEO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO, Modality.VIDEO


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of model.

    Attributes:
        path: import path of the class that runs it.
        modalities: what it encodes.
        documents: what its named vector holds; empty: all of them.
        multivector: it makes several vectors for each content.
        sparse: it makes weights of terms.
    """

    path: str
    modalities: tuple[Modality, ...]
    documents: tuple[Modality, ...] = ()
    multivector: bool = False
    sparse: bool = False

    def spec(self, *, films: bool = False, **known: Any) -> EncoderSpec:
        """The spec of a model of this kind, with what else is known of it: learnt weights know how rare a term is.

        `films`: it takes the scenes of a film as such, where others take their frames one by one.
        """
        video = (VIDEO,) if films else ()
        return EncoderSpec(
            modalities=self.modalities + video,
            documents=self.documents + video if self.documents else (),
            multivector=self.multivector,
            sparse=self.sparse,
            distance="dot" if self.sparse else "cosine",
            idf=not self.sparse,
            **known,
        )


KINDS: dict[str, Kind] = {
    "sentence": Kind("encoders.sentence:SentenceEncoder", (TEXT,)),
    "image": Kind("encoders.joint:JointEncoder", (IMAGE, TEXT), (IMAGE,)),
    "audio": Kind("encoders.joint:JointEncoder", (AUDIO, TEXT), (AUDIO,)),
    "late": Kind("encoders.late:LateEncoder", (TEXT,), multivector=True),
    "pages": Kind("encoders.late:LateEncoder", (IMAGE, TEXT), (IMAGE,), multivector=True),
    "sparse": Kind("encoders.splade:SpladeEncoder", (TEXT,), sparse=True),
}
