"""The captions of public data sets, as they are published -> questions: which picture, sound or clip is described?

Only the captions are read here: ingest the media into a collection first, without the captions beside them. What is
judged right is named by its file's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from readers.judged import read_table, read_text
from schemas import UnknownNameError, UsageError
from schemas.evaluation import Judged, Query
from schemas.search import SearchRequest

Captioned = Iterator[tuple[str, str]]
"""Names of files, each with a caption of it."""


def read_dataset(name: str, path: Path) -> Judged:
    """Questions from the captions of a data set.

    Args:
        name: a key of `DATASETS`.
        path: its file of captions, or a folder in which one lies under its usual name.

    Raises:
        UnknownNameError: there is no such data set here.
        UsageError: the file is not there, or is not what was published.
    """
    if name not in DATASETS:
        raise UnknownNameError("data set", name, DATASETS)
    read, usual = DATASETS[name]
    if path.is_dir() and usual:
        found = sorted(file for pattern in usual for file in path.rglob(pattern))
        if not found:
            raise UsageError(f"There are no captions of {name} in {str(path)!r}: none of {', '.join(usual)} is there.")
        path = found[0]
    try:
        pairs = [(file, words) for file, caption in read(path) if (words := " ".join(caption.split()))]
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise UsageError(f"{str(path)!r} holds no captions as {name} publishes them: {error!r} is wrong.") from error
    judged = Judged()
    for number, (file, caption) in enumerate(pairs):
        query = Query(id=f"{file}#{number}", request=SearchRequest.of(text=caption), kind=name, group=file)
        judged.queries.append(query)
        judged.judgements[query.id] = {file: 1}
    return judged


def _coco(path: Path) -> Captioned:
    """COCO's own annotations (`captions_val2017.json`), or those of Karpathy's split."""
    given = json.loads(read_text(path))
    if "annotations" not in given:
        yield from _karpathy(given)
        return
    names = {image["id"]: image["file_name"] for image in given["images"]}
    for one in given["annotations"]:
        yield names[one["image_id"]], one["caption"]


def _karpathy(given: Any) -> Captioned:
    """The test split of `dataset_coco.json` or `dataset_flickr30k.json`."""
    for image in given["images"]:
        if image["split"] == "test":
            for one in image["sentences"]:
                yield image["filename"], one["raw"]


def _flickr30k(path: Path) -> Captioned:
    """Karpathy's split; or the captions as they were first published: `1000092795.jpg#0`, a tab and the words."""
    if path.suffix == ".json":
        yield from _karpathy(json.loads(read_text(path)))
        return
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        name, tab, caption = line.partition("\t")
        if line.strip() and not tab:
            raise UsageError(f"Line {number} of {str(path)!r} is no caption of Flickr30k: NAME#NUMBER, a tab, words.")
        if tab:
            yield name.partition("#")[0], caption


def _clotho(path: Path) -> Captioned:
    """`clotho_captions_evaluation.csv`: five captions of each sound."""
    for row in read_table(path, ("file_name", "caption_1")):
        for name, caption in row.items():
            if name.startswith("caption_") and caption:
                yield row["file_name"], caption


def _audiocaps(path: Path) -> Captioned:
    """`test.csv`: ten seconds of a film each. Where a film is cut once, its name is the film's id alone."""
    for row in read_table(path, ("youtube_id", "start_time", "caption")):
        yield row["youtube_id"], row["caption"]


def _msrvtt(path: Path) -> Captioned:
    """The 1k-A test (`MSRVTT_JSFUSION_test.csv`), or the test split of `videodatainfo.json`."""
    if path.suffix == ".csv":
        for row in read_table(path, ("video_id", "sentence")):
            yield row["video_id"], row["sentence"]
        return
    given = json.loads(read_text(path))
    tested = {one["video_id"] for one in given["videos"] if one["split"] == "test"}
    for one in given["sentences"]:
        if one["video_id"] in tested:
            yield one["video_id"], one["caption"]


def _stamps(path: Path) -> Captioned:
    """Tux Paint's stamps: the first line of the text beside each picture."""
    for picture in sorted(path.rglob("*.png")):
        beside = picture.with_suffix(".txt")
        if beside.exists():
            text = beside.read_text("utf-8", errors="replace").partition("\n")[0].strip()
            yield picture.relative_to(path).as_posix(), text


DATASETS: dict[str, tuple[Callable[[Path], Captioned], Iterable[str]]] = {
    "audiocaps": (_audiocaps, ("test.csv",)),
    "clotho": (_clotho, ("clotho_captions_evaluation.csv",)),
    "coco": (_coco, ("captions_val2017.json", "dataset_coco.json", "captions_val2014.json")),
    "flickr30k": (_flickr30k, ("dataset_flickr30k.json", "results_20130124.token")),
    "msrvtt": (_msrvtt, ("MSRVTT_JSFUSION_test.csv", "videodatainfo.json", "*videodatainfo*.json")),
    "stamps": (_stamps, ()),
}
"""How each data set is read, and what its file of captions is called."""
