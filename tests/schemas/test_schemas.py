"""The vocabulary: ids that anyone can compute, fingerprints that tell comparable vectors, sentences that help."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import fields, replace
from uuid import NAMESPACE_URL, UUID, uuid5

import schemas.errors
from schemas import EncoderSpec, MedleyError, Modality, ScarceError, Segment, UnknownNameError, VectorSpec, WordKind
from schemas.payload import NAMESPACE, payload_path, point_id
from schemas.report import IngestReport
from schemas.vectors import MIGRATIONS, vectors_in_use

SPEC = EncoderSpec("clip", "openai/clip", "abc", (Modality.IMAGE,), 512, "clip", "MIT")


def test_point_id_is_uuid5_of_source_path_and_segment() -> None:
    assert point_id("photos", "a/b.jpg", 3) == str(uuid5(NAMESPACE, "photos\na/b.jpg\n3"))
    assert UUID(point_id("photos", "a/b.jpg")).version == 5
    assert point_id("photos", "a") != point_id("videos", "a") != str(uuid5(NAMESPACE_URL, "a"))


def test_vector_that_is_being_replaced_answers_until_the_switch() -> None:
    old = VectorSpec("image", 512, "cosine", "clip-1")
    new = VectorSpec("image_next", 768, "cosine", "siglip-1")
    vectors = {"image": old, "image_next": new}

    def in_use(switched: bool) -> dict[str, VectorSpec]:
        migration = {"to": "siglip-1", "into": "image_next", "switched": switched, "done": []}
        return vectors_in_use(vectors, {MIGRATIONS: {"image": migration}})

    assert in_use(False) == {"image": old}
    assert in_use(True) == {"image": new}
    assert vectors_in_use({"image": old}, {}) == {"image": old}


def test_path_that_is_not_utf8_is_spelled_in_ascii() -> None:
    assert payload_path("caf\udce9.txt") == "caf\\xe9.txt"
    assert payload_path("café.txt") == "café.txt"


def test_fingerprint_changes_with_all_that_changes_the_vectors() -> None:
    others = [
        replace(SPEC, model="openai/other"),
        replace(SPEC, revision="def"),
        replace(SPEC, preprocessing=2),
        replace(SPEC, dim=256),
        replace(SPEC, distance="dot"),
    ]

    assert len({spec.fingerprint for spec in [SPEC, *others]}) == 6
    assert replace(SPEC, license="other", size=7).fingerprint == SPEC.fingerprint


def test_text_of_a_segment_leaves_out_the_name() -> None:
    segment = Segment(0, {WordKind.NAME: "img 1", WordKind.OCR: "STOP", WordKind.SIDECAR: "a sign"})

    assert segment.text == "a sign\nSTOP"


def test_unknown_name_suggests_the_nearest() -> None:
    assert "Did you mean 'image'?" in str(UnknownNameError("vector", "imgae", ["text", "image"]))
    assert "Known: image, text." in str(UnknownNameError("vector", "xyz", ["text", "image"]))


def test_error_of_another_process_is_the_same_sentence() -> None:
    error = pickle.loads(pickle.dumps(UnknownNameError("vector", "imgae", ["text", "image"])))

    assert str(error) == str(UnknownNameError("vector", "imgae", ["text", "image"]))

    scarce = pickle.loads(pickle.dumps(ScarceError("Too few sounds.", "audio")))

    assert (str(scarce), scarce.vector) == ("Too few sounds.", "audio")


def test_error_tree_is_drawn_as_it_is() -> None:
    drawn = schemas.errors.__doc__ or ""
    errors = [e for e in vars(schemas.errors).values() if isinstance(e, type) and issubclass(e, MedleyError)]

    assert errors
    assert all(error.__name__ in drawn for error in errors)


def test_accounts_add_up_or_say_so() -> None:
    assert IngestReport(found=4, indexed=1, unchanged=1, excluded=1, quarantined=1, moved=1).balanced
    assert not IngestReport(found=4, indexed=1).balanced


def test_vocabulary_is_light() -> None:
    code = "import sys, schemas; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not {"numpy", "torch", "prefect", "av", "skimage", "qdrant_client", "pydantic"} & set(loaded)


def test_segment_that_passes_between_processes_keeps_every_field() -> None:
    values = {name: f"the {name}" for name in (field.name for field in fields(Segment))}

    passed = pickle.loads(pickle.dumps(Segment(**values)))  # type: ignore[arg-type]  # any value will do

    assert {name: getattr(passed, name) for name in values} == values
