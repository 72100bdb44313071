"""Captions of public data sets: small files in the form in which each is published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readers.datasets import DATASETS, read_dataset
from schemas import UnknownNameError, UsageError

KARPATHY = {
    "images": [
        {"filename": "1.jpg", "split": "train", "sentences": [{"raw": "not asked"}]},
        {"filename": "2.jpg", "split": "test", "sentences": [{"raw": "A boat ."}, {"raw": "Red  boat"}]},
    ],
    "dataset": "flickr30k",
}


def asked(name: str, path: Path) -> list[tuple[str, str]]:
    judged = read_dataset(name, path)
    assert {query.kind for query in judged.queries} <= {name}
    return [(next(iter(judged.judgements[query.id])), query.request.parts[0].text or "") for query in judged.queries]


def test_coco_by_its_own_annotations(tmp_path: Path) -> None:
    file = tmp_path / "annotations" / "captions_val2017.json"
    file.parent.mkdir()
    given = {
        "images": [{"id": 7, "file_name": "000000000007.jpg"}],
        "annotations": [
            {"image_id": 7, "id": 1, "caption": "A cat.\n"},
            {"image_id": 7, "id": 2, "caption": "A grey cat"},
        ],
    }
    file.write_text(json.dumps(given))

    assert asked("coco", tmp_path) == [("000000000007.jpg", "A cat."), ("000000000007.jpg", "A grey cat")]
    assert {query.group for query in read_dataset("coco", file).queries} == {"000000000007.jpg"}


def test_test_split_of_karpathy_for_coco_and_flickr30k(tmp_path: Path) -> None:
    (tmp_path / "dataset_flickr30k.json").write_text(json.dumps(KARPATHY))
    (tmp_path / "dataset_coco.json").write_text(json.dumps(KARPATHY))

    for name in ("flickr30k", "coco"):
        assert asked(name, tmp_path) == [("2.jpg", "A boat ."), ("2.jpg", "Red boat")]


def test_flickr30k_as_it_was_first_published(tmp_path: Path) -> None:
    file = tmp_path / "results_20130124.token"
    file.write_text("1000092795.jpg#0\tTwo young guys .\n1000092795.jpg#1\tTwo men .\n")

    assert asked("flickr30k", tmp_path) == [("1000092795.jpg", "Two young guys ."), ("1000092795.jpg", "Two men .")]
    file.write_text("1000092795.jpg#0 Two young guys .\n")
    with pytest.raises(UsageError, match=r"Line 1 of .* is no caption of Flickr30k"):
        read_dataset("flickr30k", file)


def test_clotho_has_several_captions_in_a_row(tmp_path: Path) -> None:
    (tmp_path / "clotho_captions_evaluation.csv").write_text(
        'file_name,caption_1,caption_2\nSanta Motor.wav,"A machine, whining",Wheels turn\nrain.wav,,Rain\n'
    )

    assert asked("clotho", tmp_path) == [
        ("Santa Motor.wav", "A machine, whining"),
        ("Santa Motor.wav", "Wheels turn"),
        ("rain.wav", "Rain"),
    ]


def test_audiocaps_names_films(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text(
        "audiocap_id,youtube_id,start_time,caption\n103549,7fmOlUlwoNg,20,A clock ticks\n"
    )

    assert asked("audiocaps", tmp_path) == [("7fmOlUlwoNg", "A clock ticks")]


def test_msrvtt_by_either_of_its_splits(tmp_path: Path) -> None:
    (tmp_path / "MSRVTT_JSFUSION_test.csv").write_text(
        "key,vid_key,video_id,sentence\nret0,msr9770,video9770,a person is connecting something to system\n"
    )
    assert asked("msrvtt", tmp_path) == [("video9770", "a person is connecting something to system")]

    whole = tmp_path / "videodatainfo.json"
    videos = [{"video_id": "video1", "split": "train"}, {"video_id": "video2", "split": "test"}]
    sentences = [{"video_id": "video1", "caption": "no"}, {"video_id": "video2", "caption": "a man sings"}]
    whole.write_text(json.dumps({"videos": videos, "sentences": sentences}))
    assert asked("msrvtt", whole) == [("video2", "a man sings")]


def test_stamps_have_their_captions_beside_them(tmp_path: Path) -> None:
    (tmp_path / "animals").mkdir()
    (tmp_path / "animals" / "cat.png").touch()
    (tmp_path / "animals" / "cat.txt").write_text("A cat.\nde.utf8=Eine Katze.\n")
    (tmp_path / "dog.png").touch()

    assert asked("stamps", tmp_path) == [("animals/cat.png", "A cat.")]


def test_what_is_not_there_or_not_as_published_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'coco'"):
        read_dataset("cocoa", tmp_path)
    with pytest.raises(UsageError, match=r"none of clotho_captions_evaluation.csv is there"):
        read_dataset("clotho", tmp_path)
    (tmp_path / "clotho_captions_evaluation.csv").write_text("name,words\na,b\n")
    with pytest.raises(UsageError, match="has no column 'file_name', but name, words"):
        read_dataset("clotho", tmp_path)
    (tmp_path / "captions_val2017.json").write_text('{"annotations": [{"image_id": 1}], "images": []}')
    with pytest.raises(UsageError, match="holds no captions as coco publishes them"):
        read_dataset("coco", tmp_path)
    assert set(DATASETS) == {"audiocaps", "clotho", "coco", "flickr30k", "msrvtt", "stamps"}
