"""Makes the demo's media.

    python examples/make_media.py [FOLDER]      (default: examples/media)

More than a hundred items over all four modalities: real and painted pictures, synthesised sounds, clips with sound and
subtitles, documents. The same every time; nothing is made again that is there. See examples/README.md.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from mediakit import clips, documents, paintings, photographs, recordings

MARKER = ".complete.json"
"""Lists the files and their sizes; written last. It is hidden, so that it is no item itself."""

VERSION = 1  # raised whenever the same call would make other media


def make_media(folder: Path) -> int:
    """Make the demo's media in `folder` and tell how many files there are, sidecars included.

    A folder that is complete already is left as it is.
    """
    if sizes := complete(folder):
        return len(sizes)
    folder.mkdir(parents=True, exist_ok=True)
    jobs: list[Callable[[], None]] = [
        *(partial(clips.save, number, folder) for number in range(len(clips.CLIPS))),
        *(partial(paintings.save, painting, folder) for painting in paintings.PAINTINGS),
        *(partial(recordings.save, recording, folder) for recording in recordings.RECORDINGS),
        partial(photographs.copy_photographs, folder / "pictures/photographs"),
        partial(documents.save, folder),
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # painting and encoding let go of the interpreter
        for done in [pool.submit(job) for job in jobs]:
            done.result()
    sizes = {
        file.relative_to(folder).as_posix(): file.stat().st_size
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MARKER
    }
    (folder / MARKER).write_text(json.dumps({"version": VERSION, "files": sizes}, indent=1), encoding="utf-8")
    return len(sizes)


def complete(folder: Path) -> dict[str, int]:
    """The files that the marker in `folder` lists, if they are all there at their sizes; else nothing."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        sizes: dict[str, int] = marker["files"] if marker["version"] == VERSION else {}
        return sizes if all((folder / path).stat().st_size == size for path, size in sizes.items()) else {}
    except (OSError, ValueError, KeyError):
        return {}


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "media"
    print(f"{make_media(target)} files in {target}")
