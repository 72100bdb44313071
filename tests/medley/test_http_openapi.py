"""Whatever the described API allows, and a good deal that it does not: no request ends in a fault of the server's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

import medley
from medley.http.app import create_app
from medley.http.intake import Intake
from schemas.settings import load_settings
from tests.media import clip, picture
from tests.store.conftest import quick_folder

EXAMPLES = 6  # of each operation


@pytest.fixture(scope="module")
def app() -> Iterator[FastAPI]:
    with quick_folder() as folder:
        picture(folder / "media" / "red.png", "red", (80, 60), "square")
        (folder / "media" / "red.txt").write_text("a red square")
        (folder / "media" / "note.md").write_text("# A note\n\nof a red square")
        clip(folder / "media" / "walk.mp4")
        chosen = load_settings(
            store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"}, http={"hosts": ["testserver"]}
        )
        with medley.Library(chosen) as library:
            library.ingest(folder / "media")
            yield create_app(library, Intake(library))


def test_no_request_is_a_fault_of_the_server(app: FastAPI) -> None:
    import schemathesis  # here alone: all workers collect this file, and it takes over a second

    operations = [found.ok() for found in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations()]
    assert {operation.path for operation in operations} >= {
        "/search",
        "/search/files",
        "/collections/{name}/points/query",
    }
    there = {"name": "medley", "item": app.state.library.show("walk.mp4")[0]["item"]}
    statuses: dict[str, Counter[int]] = {}

    for operation in operations:
        statuses[operation.label] = Counter()

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            # What is not there is refused before anything is looked at.
            case.path_parameters.update({name: there[name] for name in there.keys() & case.path_parameters.keys()})
            answer = case.call()
            assert answer.status_code < 500 or answer.status_code == 501, (case.as_curl_command(), answer.text)
            statuses[case.operation.label][answer.status_code] += 1

        ask()
    assert statuses["POST /collections/{name}/points/scroll"][200]
    assert statuses["GET /search"][200]
