"""Words that stand beside a file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from readers import crawl, read
from readers.sidecar import json_strings
from schemas import FileChangedError, FoundFile, ReadOptions, Segment, WordKind
from tests.media import clip, picture, tone
from tests.readers.test_xmp import PACKET


def segments(root: Path, options: ReadOptions | None = None) -> tuple[list[Segment], dict[str, object]]:
    (found,) = (entry for entry in crawl(root) if isinstance(entry, FoundFile))
    reading = read(root / found.path, found, options or ReadOptions())
    return list(reading.segments), reading.info


def test_a_caption_beside_a_picture(tmp_path: Path) -> None:
    picture(tmp_path / "photo.png")
    (tmp_path / "photo.txt").write_text("A red ball in the snow.\nfr.utf8=Une balle rouge.\nzh_TW.utf8=球\n", "utf-8")
    (segment,), _ = segments(tmp_path)
    assert segment.words[WordKind.SIDECAR] == "A red ball in the snow."
    assert segment.text == "A red ball in the snow."


def test_known_keys_of_a_json_are_its_words(tmp_path: Path) -> None:
    picture(tmp_path / "photo.png")
    fields = {
        "title": "Red ball",
        "description": "On\nthe snow",
        "tags": ["toy", "winter"],
        "url": "https://example.org/ball",
        "camera": {"model": "ABC"},
    }
    (tmp_path / "photo.png.json").write_text(json.dumps(fields))
    (segment,), info = segments(tmp_path)
    assert segment.words[WordKind.SIDECAR] == "Red ball\nOn the snow\ntoy, winter"
    assert info["tags"] == ["toy", "winter"]


def test_without_known_keys_all_strings_are(tmp_path: Path) -> None:
    picture(tmp_path / "photo.png")
    (tmp_path / "photo.json").write_text(json.dumps({"what": "a ball", "where": ["snow", "https://x.org", 3, "12:30"]}))
    (segment,), _ = segments(tmp_path)
    assert segment.words[WordKind.SIDECAR] == "a ball snow"


def test_an_xmp_file_gives_title_and_keywords(tmp_path: Path) -> None:
    picture(tmp_path / "photo.png")
    (tmp_path / "photo.xmp").write_text(PACKET, "utf-8")
    (segment,), info = segments(tmp_path)
    assert segment.words[WordKind.SIDECAR].startswith("At the harbour\nRed boat\nA boat & a gull at noon")
    assert info["tags"] == ["boat", "gull"]


def test_a_broken_sidecar_costs_its_words_and_is_told(tmp_path: Path) -> None:
    picture(tmp_path / "photo.png")
    (tmp_path / "photo.json").write_text('{"title": ')
    (tmp_path / "photo.txt").write_bytes(bytes(range(256)))
    (tmp_path / "photo.xmp").write_text("<x>")
    (segment,), info = segments(tmp_path)
    assert segment.frames
    assert WordKind.SIDECAR not in segment.words
    assert info["unread_sidecars"] == ["photo.json", "photo.txt", "photo.xmp"]


def test_a_broken_sidecar_whose_name_is_no_utf8_is_told_as_it_is_spelled(tmp_path: Path) -> None:
    for suffix in (b".png", b".json"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9" + suffix)).write_text('{"title": ')
    picture(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")))
    _, info = segments(tmp_path)
    assert info["unread_sidecars"] == ["caf\\xe9.json"]


def test_a_sidecar_that_goes_after_the_crawl_postpones_its_file(tmp_path: Path) -> None:
    picture(tmp_path / "photo.png")
    (tmp_path / "photo.txt").write_text("a red boat")
    [found] = [file for file in crawl(tmp_path) if isinstance(file, FoundFile)]
    (tmp_path / "photo.txt").unlink()
    with pytest.raises(FileChangedError, match="no such file"):
        list(read(tmp_path / "photo.png", found).segments)


def test_subtitles_beside_a_film_go_to_their_scenes(tmp_path: Path) -> None:
    clip(tmp_path / "clip.mp4", ("red", "blue"), 2.0)
    (tmp_path / "clip.en.srt").write_text(
        "1\n00:00:00,500 --> 00:00:01,500\nGood morning.\n\n2\n00:00:02,500 --> 00:00:03,500\nGood night.\n"
    )
    (tmp_path / "clip.txt").write_text("Two greetings")
    first, second = segments(tmp_path)[0]
    assert (first.words[WordKind.SUBTITLE], second.words[WordKind.SUBTITLE]) == ("Good morning.", "Good night.")
    assert first.words[WordKind.SIDECAR] == second.words[WordKind.SIDECAR] == "Two greetings"


def test_a_transcript_beside_a_recording_goes_to_its_windows(tmp_path: Path) -> None:
    tone(tmp_path / "talk.wav", 8.0)
    (tmp_path / "talk.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nfirst\n\n00:07.000 --> 00:08.000\nlast\n")
    parts, _ = segments(tmp_path, ReadOptions(window=2.0, hop=2.0))
    assert [part.words.get(WordKind.SUBTITLE) for part in parts] == ["first", None, None, "last"]


def test_halves_of_surrogate_pairs_do_not_pass(tmp_path: Path) -> None:
    picture(tmp_path / "photo.png")
    (tmp_path / "photo.json").write_text('{"title": "half \\ud83d", "tags": ["\\udc00x"]}')
    (segment,), info = segments(tmp_path)
    assert segment.words[WordKind.SIDECAR] == "half ?\n?x"
    assert info["tags"] == ["?x"]


def test_deep_json_is_walked_without_recursion() -> None:
    value: object = "bottom"
    for _ in range(100_000):
        value = [value]
    assert list(json_strings(value)) == ["bottom"]
