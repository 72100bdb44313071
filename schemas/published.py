"""What others published of data sets, to stand beside what is measured here: each with where it can be read."""

from __future__ import annotations

from pydantic import BaseModel


class Published(BaseModel):
    """What one system came to where words find pictures, sounds or clips.

    Attributes:
        dataset: as in `readers.datasets`.
        system: which, where its authors say so, and whether it was trained on the data set.
        split: of the data set, where its authors name it; else it is not known.
        values: by measure.
        source: where it can be read.
    """

    dataset: str
    system: str
    split: str = ""
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
    Published(
        dataset="clotho",
        system="ReCLAP (its paper, table I)",
        values={"success@1": 0.189, "success@5": 0.447, "success@10": 0.590},
        source="https://arxiv.org/abs/2409.09213",
    ),
    Published(
        dataset="clotho",
        system="AF-CLAP of Audio Flamingo 2 (its paper, table 7)",
        values={"success@1": 0.173, "success@5": 0.439, "success@10": 0.568},
        source="https://arxiv.org/abs/2503.03983",
    ),
    Published(
        dataset="clotho",
        system="InternVideo2 6B, zero-shot (its paper, table 12)",
        split="Clotho v2",
        values={"success@1": 0.174},
        source="https://arxiv.org/abs/2403.15377",
    ),
    Published(
        dataset="msrvtt",
        system="Florence, zero-shot (its paper, table 9)",
        split="1k-A",
        values={"success@1": 0.376, "success@5": 0.638, "success@10": 0.726},
        source="https://arxiv.org/abs/2111.11432",
    ),
    Published(
        dataset="msrvtt",
        system="CLIP ViT-B/16, zero-shot (as measured by the authors of Florence, table 9)",
        split="1k-A",
        values={"success@1": 0.260, "success@5": 0.494, "success@10": 0.607},
        source="https://arxiv.org/abs/2111.11432",
    ),
    Published(
        dataset="msrvtt",
        system="InternVideo2 6B, zero-shot (its paper, table 9)",
        values={"success@1": 0.559},
        source="https://arxiv.org/abs/2403.15377",
    ),
)
"""Only what was read where it is said, in the authors' own tables. Of the stamps nothing is known to be published."""


def published_for(dataset: str) -> list[Published]:
    """What was published of a data set."""
    return [one for one in PUBLISHED if one.dataset == dataset]
