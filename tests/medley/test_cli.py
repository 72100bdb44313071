"""The command line, from end to end on media of every format: what it prints, and what it exits with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.media import pdf, picture, pixel_bomb, symlink_loop, tone
from tests.medley.conftest import answer, medley

pytestmark = pytest.mark.usefixtures("environment")


FORMATS = {
    "image": {".jpg", ".png", ".webp", ".avif", ".gif", ".tiff", ".heic"},
    "audio": {".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus"},
    "video": {".mp4", ".mkv", ".webm", ".mov"},
    "text": {".txt", ".md", ".html", ".pdf"},
}


def test_every_format_is_found_in_the_collection(library: Path) -> None:
    status = answer("status", "--store", library / "store")

    for modality, suffixes in FORMATS.items():
        hits = answer(
            "search", "circle", "--store", library / "store", "--where", f"modality = {modality}", "--limit", "100"
        )["hits"]
        indexed = {p.suffix for p in (library / "media").rglob("*") if p.suffix in suffixes}
        assert indexed == suffixes, f"the test has no {suffixes - indexed}"
        assert status["by_modality"][modality] >= len(suffixes)
        assert {hit["modality"] for hit in hits} <= {modality}
    assert status["quarantined"] == []
    assert set(status["vectors"]) == {"text", "image", "audio", "words"}
    assert status["items"] == sum(status["by_modality"].values())


def test_json_of_a_search_has_what_programs_rely_on(library: Path) -> None:
    hits = answer("search", "blue", "square", "--store", library / "store")["hits"]

    assert hits[0]["path"] == "drawings/blue.png"
    assert {"path", "modality", "score", "start", "end", "vectors"} <= set(hits[0])
    assert hits[0]["vectors"]["words"]["rank"] == 1
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)


def test_picture_finds_itself_first(library: Path) -> None:
    drawing = library / "media" / "drawings" / "green.png"

    hits = answer("search", "--image", drawing, "--store", library / "store")["hits"]

    assert hits[0]["path"] == "drawings/green.png"
    assert hits[0]["vectors"]["image"]["score"] == pytest.approx(1, abs=1e-4)


def test_sound_finds_itself_first(library: Path) -> None:
    hits = answer(
        "search", "--audio", next((library / "media").rglob("*.flac")), "--using", "audio", "--store", library / "store"
    )["hits"]

    # The same sound is there without loss in another format: of equals, the engine has its own order.
    first = {hit["path"] for hit in hits if hit["score"] == pytest.approx(hits[0]["score"], abs=1e-6)}
    assert any(path.endswith(".flac") for path in first)
    assert len(first) < 4


def test_words_find_the_second_in_a_clip(library: Path) -> None:
    [hit, *_] = answer("search", "lighthouse", "--where", "path = walk.mp4", "--store", library / "store")["hits"]

    assert hit["start"] <= 2.4 < hit["end"]
    assert "lighthouse" in hit["words"]["subtitle"]


def test_words_and_picture_are_fused(library: Path) -> None:
    drawing = library / "media" / "drawings" / "red.png"

    found = answer("search", "square", "--image", drawing, "--fusion", "relative", "--store", library / "store")

    assert found["fusion"] == "relative"
    assert found["hits"][0]["path"] == "drawings/red.png"
    assert {"image", "words"} <= set(found["hits"][0]["vectors"])
    shares = sum(part["share"] for part in found["hits"][0]["vectors"].values())
    assert shares == pytest.approx(found["hits"][0]["score"])


def test_show_tells_each_kind_of_words_apart(library: Path) -> None:
    [segment] = answer("show", "drawings/red.png", "--store", library / "store")["segments"]

    assert segment["words"]["sidecar"] == "a red square on paper"
    assert "red" in segment["words"]["name"]


def test_tables_are_for_people(library: Path) -> None:
    found = medley("search", "blue square", "--store", library / "store")
    status = medley("status", "--store", library / "store")

    assert found.exit_code == status.exit_code == 0
    assert "drawings/blue.png" in found.stdout
    assert "items" in status.stdout


def test_json_of_a_run_has_what_programs_rely_on(tmp_path: Path) -> None:
    picture(tmp_path / "media" / "a.png")

    first = answer("ingest", tmp_path / "media")
    second = answer("ingest", tmp_path / "media")

    assert {
        "found", "indexed", "unchanged", "excluded", "quarantined", "moved", "deleted", "encoded", "seconds",
    } <= set(first)  # fmt: skip
    assert (first["indexed"], first["encoded"]["image"]) == (1, 1)
    assert (second["indexed"], second["unchanged"], second["encoded"]["image"]) == (0, 1, 0)


def test_bad_files_are_quarantined_with_a_reason_and_the_rest_is_indexed(tmp_path: Path) -> None:
    media = tmp_path / "media"
    picture(media / "good.png")
    pdf(media / "paper.pdf")
    (media / "empty.png").touch()
    (media / "bomb.png").write_bytes(pixel_bomb())
    (media / "half.jpg").write_bytes(picture(tmp_path / "whole.jpg", size=(400, 300)).read_bytes()[:900])
    (media / "really-text.jpg").write_text("this is a text, whatever its name says")
    symlink_loop(media / "loop")
    (media / "outside.txt").symlink_to("/etc/hostname")

    report = answer("ingest", media)

    reasons = {entry["path"]: entry["reason"] for entry in report["quarantine"]}
    assert set(reasons) == {"empty.png", "bomb.png", "half.jpg"}
    assert all(reason.endswith(".") and "Error" not in reason for reason in reasons.values())
    assert report["found"] == report["indexed"] + report["unchanged"] + report["excluded"] + report["quarantined"]
    assert {"good.png", "paper.pdf", "really-text.jpg"} <= {
        hit["path"] for hit in answer("search", "text page circle", "--limit", "50")["hits"]
    } | {"good.png"}
    assert answer("status")["quarantined"]
    assert medley("show", "outside.txt").exit_code == 2


def test_plan_is_shown_before_the_work_and_alone_in_a_dry_run(tmp_path: Path) -> None:
    media = tmp_path / "media"
    picture(media / "good.png")
    (media / "empty.png").touch()

    dry = medley("ingest", media, "--dry-run")
    value = answer("ingest", media, "--dry-run")
    assert not (tmp_path / "store").exists()
    run = medley("ingest", media)
    again = medley("ingest", media)

    assert dry.output.split() == ["2", "to", "add"]
    assert (value["add"], value["copy"], value["reencode"]) == (["empty.png", "good.png"], [], {})
    assert run.output.index("to add") < run.output.index("2 files found")
    assert again.output.startswith("Nothing to do: 1 unchanged, 1 quarantined.")


def test_quarantine_is_a_list_with_reason_time_and_fault(tmp_path: Path) -> None:
    picture(tmp_path / "media" / "good.png")
    (tmp_path / "media" / "empty.png").touch()
    answer("ingest", tmp_path / "media")

    [entry] = answer("quarantine")

    assert (entry["path"], entry["source"], entry["at_fault"]) == ("empty.png", "media", "reader")
    assert entry["reason"] == "The file is empty."
    assert entry["first_attempt"] == entry["last_attempt"]
    assert "empty.png" in medley("quarantine").output
    assert answer("quarantine", "--source", "other") == []


def test_strict_fails_when_files_are_quarantined(tmp_path: Path) -> None:
    picture(tmp_path / "media" / "good.png")
    (tmp_path / "media" / "empty.png").touch()

    assert medley("ingest", tmp_path / "media", "--strict").exit_code == 1
    assert medley("ingest", tmp_path / "media").exit_code == 0


def test_bytes_that_are_not_utf8_are_searched_and_shown_as_they_were_indexed(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    raw = os.fsdecode(b"caf\xe9.txt")
    (media / raw).write_text("coffee")
    answer("ingest", media)

    [segment] = answer("show", raw)["segments"]

    assert segment["path"] == "caf\\xe9.txt"
    assert answer("show", str(media / raw))["segments"] == [segment]
    assert answer("search", raw)["hits"]


def test_other_encoders_are_planned_and_made_for_the_vectors_that_want_them(tmp_path: Path) -> None:
    picture(tmp_path / "media" / "a.png")
    answer("ingest", tmp_path / "media")
    encoders = ("--preset", "text=hashing,image=visual,audio=logmel")

    dry = medley("ingest", tmp_path / "media", *encoders, "--dry-run")
    report = answer("ingest", tmp_path / "media", *encoders)

    assert "1 to encode for 'image' by visual-" in " ".join(dry.output.split())
    assert report["encoded"] == {"text": 0, "image": 1, "audio": 0}
    assert report["unchanged"] == 1
    assert answer("status")["vectors"]["image"]["fingerprint"].startswith("visual-")


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, medley.cli; print(*sorted(m for m in sys.modules if '.' not in m))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    heavy = {"numpy", "pydantic", "prefect", "torch", "av", "PIL", "qdrant_client", "skimage", "rich"}
    assert not heavy & set(loaded)


@pytest.mark.parametrize("presses", [1, 2])
def test_interrupted_run_stops_cleanly_and_goes_on_from_there(tmp_path: Path, presses: int) -> None:
    media = tmp_path / "media"
    for n in range(60):
        tone(media / f"{n:02}.wav", seconds=20, hertz=200 + 20 * n)
    command = [sys.executable, "-m", "medley.cli", "ingest", str(media), "--json"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy())
    shard = tmp_path / "store"
    while run.poll() is None and not shard.exists():
        time.sleep(0.05)
    time.sleep(0.3)
    for _ in range(presses):  # people press it twice
        run.send_signal(signal.SIGINT)
        time.sleep(0.1)
    out, err = run.communicate(timeout=60)

    report = answer("ingest", media)

    if run.returncode:  # a very fast machine may be done before the signal arrives
        assert run.returncode == 1
        assert "Stopped." in err
        assert "Traceback" not in err
        assert "error" in json.loads(out)
    assert report["found"] == report["indexed"] + report["unchanged"] == 60, report
    assert answer("status")["items"] == 60


def test_explain_tells_shares_and_draws_a_page(library: Path, tmp_path: Path) -> None:
    store = ("--store", library / "store")
    told = medley("explain", "blue", "square", *store, "--out", "why.html")

    assert told.exit_code == 0, told.output
    assert "drawings/blue.png" in told.stdout
    assert "Drawn in why.html." in told.stdout
    assert "<mark>blue</mark>" in (tmp_path / "why.html").read_text()
    explained = answer("explain", "blue", "square", *store)
    parts = [part["share"] for part in explained["hit"]["vectors"].values()]
    assert sum(parts) + sum(explained["hit"]["benefit"].values()) == pytest.approx(explained["hit"]["score"])


def test_request_in_a_file_is_asked_as_it_stands(library: Path, tmp_path: Path) -> None:
    (tmp_path / "ask.json").write_text('{"parts": [{"text": "blue square"}], "limit": 1}')
    (tmp_path / "wrong.json").write_text('{"parts": [{"text": "blue", "wieght": 2}]}')

    hits = answer("search", "--request", "ask.json", "--store", library / "store")["hits"]
    wrong = medley("search", "--request", "wrong.json", "--store", library / "store")

    assert [hit["path"] for hit in hits] == ["drawings/blue.png"]
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "In 'wrong.json': There is no field 'wieght' in parts.0. Did you mean 'weight'?\n",
    )


def test_conversation_in_a_file_is_refined_and_gone_back_in(library: Path, tmp_path: Path) -> None:
    said = ("--talk", tmp_path / "talk.json", "--store", library / "store", "--limit", "1")

    assert answer("search", "square", *said)["hits"]
    assert answer("search", "blue", "ones", *said)["hits"][0]["path"] == "drawings/blue.png"
    assert answer("search", "--unlike", "drawings/blue.png", *said)["hits"][0]["path"] != "drawings/blue.png"
    assert answer("search", "--back", *said)["hits"][0]["path"] == "drawings/blue.png"
    assert len(json.loads((tmp_path / "talk.json").read_text())["turns"]) == 2


def test_weights_are_fitted_and_gone_by(library: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(library / "store", tmp_path / "copy")
    lines = [
        {"query": f"a {colour} {thing}", "relevant": [f"drawings/{colour}.png"]}
        for colour in ("red", "green", "blue")
        for thing in ("square", "paper")
    ]
    (tmp_path / "judged.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "wrong.jsonl").write_text('{"query": "a"}')

    fitted = answer("fit", "weights", "judged.jsonl", "--store", tmp_path / "copy")
    wrong = medley("fit", "weights", "wrong.jsonl", "--store", tmp_path / "copy")

    assert fitted["questions"] == 6
    assert fitted["after"] >= fitted["before"]
    assert set(fitted["weights"]) <= {"text", "words", "image"}
    assert answer("search", "a", "red", "square", "--store", tmp_path / "copy")["hits"][0]["path"] == "drawings/red.png"
    assert wrong.exit_code == 2
    assert "Line 1 of 'wrong.jsonl' is not understood" in wrong.stderr
