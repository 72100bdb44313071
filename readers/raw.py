"""Camera raw files, by the preview that the camera put in them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from schemas import ReadError

if TYPE_CHECKING:
    from PIL.Image import Image

RAW = {  # by suffix: most begin as a TIFF does, so that the name has to tell them from one
    "dng": "image/x-adobe-dng",
    "nef": "image/x-nikon-nef",
    "nrw": "image/x-nikon-nrw",
    "arw": "image/x-sony-arw",
    "sr2": "image/x-sony-sr2",
    "srf": "image/x-sony-srf",
    "pef": "image/x-pentax-pef",
    "srw": "image/x-samsung-srw",
    "3fr": "image/x-hasselblad-3fr",
    "fff": "image/x-hasselblad-fff",
    "iiq": "image/x-phaseone-iiq",
    "erf": "image/x-epson-erf",
    "kdc": "image/x-kodak-kdc",
    "dcr": "image/x-kodak-dcr",
    "mef": "image/x-mamiya-mef",
    "mos": "image/x-leaf-mos",
    "rwl": "image/x-leica-rwl",
    "cr2": "image/x-canon-cr2",
    "cr3": "image/x-canon-cr3",
    "raf": "image/x-fuji-raf",
    "orf": "image/x-olympus-orf",
    "rw2": "image/x-panasonic-rw2",
}

_TURNS = {3: 3, 5: 8, 6: 6}  # how the camera was held: LibRaw's word for it, and EXIF's
_ORIENTATION = 0x0112


def raw_preview(path: Path) -> Image:
    """The picture that a raw file carries, not decoded yet; where it carries none, the raw one at half its size.

    Raises:
        ReadError: It is damaged, or of a camera that LibRaw does not know.
    """
    import rawpy
    from PIL import Image

    try:
        with rawpy.imread(str(path)) as raw:
            turn = _TURNS.get(raw.sizes.flip, 1)
            try:
                preview = raw.extract_thumb()
            except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
                return Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True))
    except rawpy.LibRawFileUnsupportedError as error:
        raise ReadError("The picture is damaged, or of a camera that LibRaw does not know.") from error
    except rawpy.LibRawError as error:
        raise ReadError("The picture is damaged: its preview cannot be read.") from error
    if isinstance(preview.data, bytes):
        image: Image.Image = Image.open(BytesIO(preview.data), formats=("JPEG",))
    else:
        image = Image.fromarray(preview.data)
    exif = image.getexif()
    if turn != 1 and _ORIENTATION not in exif:
        exif[_ORIENTATION] = turn
        image.info["exif"] = exif.tobytes()
    return image


def is_tiff(path: Path) -> bool:
    """Whether a raw file is built as a TIFF, so that what the camera wrote of the picture can be read from it."""
    with path.open("rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*")
