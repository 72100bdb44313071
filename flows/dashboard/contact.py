"""A contact sheet: small pictures of what a run added, in one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from schemas.limits import ReadLimits

SIDE, COLUMNS, GAP = 120, 6, 6  # pixels of a picture, pictures in a row, pixels between them
SECONDS = 10.0  # that one of them may take
PAPER = (246, 246, 246)


def contact_sheet(root: str | Path, added: Mapping[str, str], limits: ReadLimits) -> str | None:
    """Pictures and clips side by side, as the address of a JPEG that carries it; None where nothing can be drawn.

    Args:
        root: folder or address of the source.
        added: modality by path in it.
        limits: what drawing one of them may take.
    """
    from PIL import Image, ImageOps

    drawn = _draw(root, added, limits)
    if not drawn:
        return None
    columns, rows = min(len(drawn), COLUMNS), -(-len(drawn) // COLUMNS)
    step = SIDE + GAP
    sheet = Image.new("RGB", (columns * step + GAP, rows * step + GAP), PAPER)
    for number, picture in enumerate(drawn):
        with Image.open(BytesIO(picture)) as opened:
            small = ImageOps.contain(opened.convert("RGB"), (SIDE, SIDE))
        at = (number % COLUMNS * step + GAP, number // COLUMNS * step + GAP)
        sheet.paste(small, (at[0] + (SIDE - small.width) // 2, at[1] + (SIDE - small.height) // 2))
    made = BytesIO()
    sheet.save(made, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{b64encode(made.getvalue()).decode()}"


def _draw(root: str | Path, added: Mapping[str, str], limits: ReadLimits) -> list[bytes]:
    """Small pictures, made in a child process; those that can be."""
    from readers import Draw, Drawn, IsolatedReader
    from readers.trees import open_tree
    from schemas import Modality, ReadError, ReadOptions

    tree = open_tree(root)
    with ExitStack() as held:
        files: dict[Path, str] = {}
        for path, kind in added.items():
            with suppress(ReadError):
                files[held.enter_context(tree.fetched(path))] = kind
        jobs = [Draw(str(file), Modality(kind), 0.0, None, SIDE, None) for file, kind in files.items()]
        reader = held.enter_context(
            IsolatedReader(ReadOptions(), replace(limits, seconds=min(limits.seconds, SECONDS)))
        )
        events = [event for group in reader.read(jobs) for _, event in group]
    return [event.picture for event in events if isinstance(event, Drawn) and event.picture]
