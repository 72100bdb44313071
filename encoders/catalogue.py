"""Pretrained models by name: what can be known of each without loading it.

Revisions are commits of the hub; sizes are those of the weights that are fetched. docs/encoders.md tells where the
figures come from and what each model is good for.
"""

from __future__ import annotations

from schemas import EncoderSpec, Modality

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO

SENTENCE = "encoders.sentence:SentenceEncoder"
JOINT = "encoders.joint:JointEncoder"
LATE = "encoders.late:LateEncoder"
SPLADE = "encoders.splade:SpladeEncoder"

BGE_QUERY = "Represent this sentence for searching relevant passages: "

_ALL: tuple[tuple[str, EncoderSpec], ...] = (
    (
        SENTENCE,
        EncoderSpec(
            name="bge-small",
            model="BAAI/bge-small-en-v1.5",
            revision="5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
            modalities=(TEXT,),
            dim=384,
            space="bge-small-en-v1.5",
            license="MIT",
            size=133_466_304,
            query_prompt=BGE_QUERY,
            max_tokens=512,
        ),
    ),
    (
        SENTENCE,
        EncoderSpec(
            name="bge-base",
            model="BAAI/bge-base-en-v1.5",
            revision="a5beb1e3e68b9ab74eb54cfd186867f64f240e1a",
            modalities=(TEXT,),
            dim=768,
            space="bge-base-en-v1.5",
            license="MIT",
            size=437_955_512,
            query_prompt=BGE_QUERY,
            max_tokens=512,
        ),
    ),
    (
        JOINT,
        EncoderSpec(
            name="clip",
            model="openai/clip-vit-base-patch32",
            revision="3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
            modalities=(IMAGE, TEXT),
            documents=(IMAGE,),
            dim=512,
            space="clip-vit-base-patch32",
            license="MIT",
            size=605_247_071,
            max_tokens=77,
        ),
    ),
    (
        JOINT,
        EncoderSpec(
            name="siglip2",
            model="google/siglip2-base-patch16-224",
            revision="75de2d55ec2d0b4efc50b3e9ad70dba96a7b2fa2",
            modalities=(IMAGE, TEXT),
            documents=(IMAGE,),
            dim=768,
            space="siglip2-base-patch16-224",
            license="Apache-2.0",
            size=1_500_800_904,
            max_tokens=64,
        ),
    ),
    (
        JOINT,
        EncoderSpec(
            name="clap",
            model="laion/clap-htsat-unfused",
            revision="8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
            modalities=(AUDIO, TEXT),
            documents=(AUDIO,),
            dim=512,
            space="clap-htsat-unfused",
            license="Apache-2.0",
            size=614_525_689,
            max_tokens=512,
            sample_rate=48_000,
        ),
    ),
    (
        JOINT,
        EncoderSpec(
            name="qwen3-vl",
            model="Qwen/Qwen3-VL-Embedding-2B",
            revision="9f2f7e710d6d81056aa5c0a4f04764fec6bb7bda",
            modalities=(IMAGE, TEXT),
            documents=(IMAGE,),
            dim=2048,
            space="qwen3-vl-embedding-2b",
            license="Apache-2.0",
            size=4_255_140_312,
            query_prompt="Retrieve images or texts relevant to the user's query.",
            max_tokens=8192,
        ),
    ),
    (
        SENTENCE,
        EncoderSpec(
            name="qwen3-vl-text",
            model="Qwen/Qwen3-VL-Embedding-2B",
            revision="9f2f7e710d6d81056aa5c0a4f04764fec6bb7bda",
            modalities=(TEXT,),
            dim=2048,
            space="qwen3-vl-embedding-2b",
            license="Apache-2.0",
            size=4_255_140_312,
            query_prompt="Retrieve images or texts relevant to the user's query.",
            max_tokens=8192,
        ),
    ),
    (
        LATE,
        EncoderSpec(
            name="colbert",
            model="lightonai/GTE-ModernColBERT-v1",
            revision="c1647d10d6edc6f70837f42f0a978f2df53f51dd",
            modalities=(TEXT,),
            dim=128,
            space="gte-moderncolbert-v1",
            license="Apache-2.0",
            size=596_070_136,
            multivector=True,
        ),
    ),
    (
        LATE,
        EncoderSpec(
            name="colqwen2",
            model="vidore/colqwen2-v1.0-hf",
            revision="main",
            modalities=(IMAGE, TEXT),
            documents=(IMAGE,),
            dim=128,
            space="colqwen2-v1.0",
            license="Apache-2.0",
            size=4_422_000_000,
            multivector=True,
        ),
    ),
    (
        SPLADE,
        EncoderSpec(
            name="granite-sparse",
            model="ibm-granite/granite-embedding-30m-sparse",
            revision="ad82b1fd09541c998c8d45045d601c51fdb8a9b7",
            modalities=(TEXT,),
            dim=0,
            space="granite-embedding-30m-sparse",
            license="Apache-2.0",
            size=60_673_536,
            distance="dot",
            sparse=True,
            idf=False,
            max_tokens=512,
        ),
    ),
)

MODELS: dict[str, tuple[str, EncoderSpec]] = {spec.name: (path, spec) for path, spec in _ALL}
"""Import path of the encoder's class, and its spec, by name."""
