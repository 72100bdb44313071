"""What others published of data sets, to stand beside what is measured here: each with where it can be read."""

from __future__ import annotations

from pydantic import BaseModel


class Published(BaseModel):
    """What one system came to where words find pictures or sounds; it is told where it was trained on the data set."""

    dataset: str
    system: str
    values: dict[str, float]
    source: str


PUBLISHED = (
    Published(
        dataset="coco",
        system="CLIP ViT-L/14, 336 px (its paper, table 13)",
        values={"success@1": 0.378, "success@5": 0.624, "success@10": 0.722},
        source="https://arxiv.org/abs/2103.00020",
    ),
    Published(
        dataset="coco",
        system="CLIP ViT-B/32, 256 px (DataComp)",
        values={"success@5": 0.644},
        source="https://huggingface.co/laion/CLIP-ViT-B-32-256x256-DataComp-s34B-b86K",
    ),
    Published(
        dataset="coco",
        system="SigLIP 2 ViT-B/16, 224 px",
        values={"success@1": 0.521},
        source="https://github.com/google-research/big_vision/blob/main/big_vision/configs/proj/image_text/README_siglip2.md",
    ),
    Published(
        dataset="flickr30k",
        system="UForm 3 base",
        values={"success@1": 0.727, "success@5": 0.915, "success@10": 0.949},
        source="https://huggingface.co/unum-cloud/uform3-image-text-english-base",
    ),
    Published(
        dataset="audiocaps",
        system="ConvNeXt-Tiny captioning system, trained on AudioCaps",
        values={"success@1": 0.382},
        source="https://arxiv.org/abs/2308.15090",
    ),
)
"""Only what its authors published where it is said. Of other data sets nothing is told."""


def published_for(dataset: str) -> list[Published]:
    """What was published of a data set."""
    return [one for one in PUBLISHED if one.dataset == dataset]
