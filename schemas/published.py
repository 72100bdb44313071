"""What others published of data sets, to stand beside what is measured here: each with where it can be read."""

from __future__ import annotations

from pydantic import BaseModel


class Published(BaseModel):
    """What one system came to: words find pictures or sounds, without having been trained on the data set."""

    dataset: str
    system: str
    values: dict[str, float]
    source: str


PUBLISHED = (
    Published(
        dataset="coco",
        system="CLIP (its paper, table 13)",
        values={"success@1": 0.378, "success@5": 0.624, "success@10": 0.722},
        source="https://github.com/openai/CLIP/issues/115",
    ),
    Published(
        dataset="coco",
        system="CLIP ViT-B-32-256 (DataComp)",
        values={"success@5": 0.644},
        source="https://huggingface.co/laion/CLIP-ViT-B-32-256x256-DataComp-s34B-b86K",
    ),
    Published(
        dataset="coco",
        system="SigLIP 2 base, 224 px",
        values={"success@1": 0.521},
        source="https://gr.tbb.rip/models/google/siglip2-base-patch16-naflex",
    ),
    Published(
        dataset="flickr30k",
        system="UForm 3 base",
        values={"success@1": 0.727, "success@5": 0.915, "success@10": 0.949},
        source="https://huggingface.co/unum-cloud/uform3-image-text-english-base",
    ),
    Published(
        dataset="audiocaps",
        system="A captioning system (ConvNeXt-Tiny) used for retrieval",
        values={"success@1": 0.382},
        source="https://arxiv.org/abs/2308.15090",
    ),
)
"""Only what has a source. A data set that is not here has none."""


def published_for(dataset: str) -> list[Published]:
    """What was published of a data set."""
    return [one for one in PUBLISHED if one.dataset == dataset]
