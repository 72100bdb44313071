"""Colours of other spaces (Adobe RGB, Display P3, printers' inks) as those of sRGB, by the profile in the file."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK", "L": "GRAY"}
_LARGEST = 8_000_000  # bytes of a profile


def to_srgb(image: Image.Image) -> Image.Image:
    """The picture with the colours that its profile means; as it is where the profile is sRGB, or of no use."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or image.mode not in _SPACES or len(profile) > _LARGEST:
        return image
    transform = _transform(profile, image.mode)
    return image if transform is None else ImageCms.applyTransform(image, transform) or image


@lru_cache(maxsize=32)  # the pictures of a folder come from few cameras
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.getOpenProfile(BytesIO(profile))
        if source.profile.xcolor_space != _SPACES[mode] or "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        target = "RGBA" if mode == "RGBA" else "RGB"
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, target)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a broken profile: the colours as they stand
        return None
