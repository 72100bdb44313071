"""Pretrained models by name: what can be known of each without loading it.

Revisions are commits of the hub; sizes are those of the weights that are fetched. docs/encoders.md tells where the
figures come from and what each model is good for.
"""

from __future__ import annotations

from typing import Any

from encoders.kinds import KINDS
from schemas import EncoderSpec

_BGE: dict[str, Any] = {
    "license": "MIT",
    "query_prompt": "Represent this sentence for searching relevant passages: ",
    "max_tokens": 512,
}
_QWEN: dict[str, Any] = {
    "model": "Qwen/Qwen3-VL-Embedding-2B",
    "revision": "9f2f7e710d6d81056aa5c0a4f04764fec6bb7bda",
    "dim": 2048,
    "license": "Apache-2.0",
    "size": 4_255_140_312,
    "query_prompt": "Retrieve images or text relevant to the user's query.",
    "max_tokens": 8192,
}


def _known(kind: str, name: str, model: str, **known: Any) -> tuple[str, EncoderSpec]:
    space = model.rpartition("/")[2].lower()
    return KINDS[kind].path, KINDS[kind].spec(name=name, model=model, space=space, **known)


_ALL: tuple[tuple[str, EncoderSpec], ...] = (
    _known(
        "sentence",
        "bge-small",
        "BAAI/bge-small-en-v1.5",
        revision="5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
        dim=384,
        size=133_466_304,
        **_BGE,
    ),
    _known(
        "sentence",
        "bge-base",
        "BAAI/bge-base-en-v1.5",
        revision="a5beb1e3e68b9ab74eb54cfd186867f64f240e1a",
        dim=768,
        size=437_955_512,
        **_BGE,
    ),
    _known(
        "image",
        "clip",
        "openai/clip-vit-base-patch32",
        revision="3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
        dim=512,
        license="MIT",
        size=605_247_071,
        max_tokens=77,
    ),
    _known(
        "image",
        "siglip2",
        "google/siglip2-base-patch16-224",
        revision="75de2d55ec2d0b4efc50b3e9ad70dba96a7b2fa2",
        dim=768,
        license="Apache-2.0",
        size=1_500_800_904,
        max_tokens=64,
    ),
    _known(
        "audio",
        "clap",
        "laion/clap-htsat-unfused",
        revision="8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
        dim=512,
        license="Apache-2.0",
        size=614_525_833,
        max_tokens=512,
        sample_rate=48_000,
    ),
    _known("image", "qwen3-vl", films=True, **_QWEN),
    _known("sentence", "qwen3-vl-text", **_QWEN),
    _known(
        "late",
        "colbert",
        "lightonai/GTE-ModernColBERT-v1",
        revision="c1647d10d6edc6f70837f42f0a978f2df53f51dd",
        dim=128,
        license="Apache-2.0",
        size=596_000_000,  # as the hub rounds it
    ),
    _known(
        "pages",
        "colqwen2",
        "vidore/colqwen2-v1.0-hf",
        revision="ddc07d2317c80f75fc742b7362ee9ad1912908f9",
        dim=128,
        license="Apache-2.0 and MIT",  # of Qwen2-VL, and of what was trained on top of it
        size=4_418_454_832,
    ),
    _known(
        "sparse",
        "granite-sparse",
        "ibm-granite/granite-embedding-30m-sparse",
        revision="ad82b1fd09541c998c8d45045d601c51fdb8a9b7",
        dim=0,
        license="Apache-2.0",
        size=60_700_000,  # as the hub rounds it
        max_tokens=512,
    ),
)

MODELS: dict[str, tuple[str, EncoderSpec]] = {spec.name: (path, spec) for path, spec in _ALL}
"""Import path of the encoder's class, and its spec, by name."""
