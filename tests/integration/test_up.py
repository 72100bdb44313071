"""`medley up`, in a process of its own: it runs what Prefect's server says, answers meanwhile, and stops cleanly."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx

from tests.integration.live import read, runs_of, wait_for
from tests.media import picture
from tests.serving import started
from tests.store.conftest import quick_folder


def up(api: str, *words: str | Path) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    """The process, and the address at which it answers."""
    return started("up", *words, PREFECT_API_URL=api, PREFECT_WORKER_QUERY_SECONDS="0.5")


def test_it_runs_what_is_due_and_leaves_no_run_running(prefect_api: str) -> None:
    with quick_folder() as folder:
        for number in range(3):
            picture(folder / "whole" / f"{number}.png", "red", (80, 60), "square")
        words = (folder / "whole", "--store", folder / "store", "--prefix", "up")
        name = "ingest/up ingest whole"
        with up(prefect_api, *words) as (process, url):
            ended = told(url, lambda status: status["last"] and status["state"] == "idle")
            assert ended["last"][0]["report"]["indexed"] == 3
            assert httpx.get(f"{url}/status").json()["items"] == 3  # one process has the store
            picture(folder / "whole" / "new.png", "blue", (80, 60), "square")

            assert httpx.post(f"{url}/ingest", json={"source": "whole"}).status_code == 202
            ended = told(url, lambda status: status["last"][0]["report"]["indexed"] == 1)
            assert ended["last"][0]["report"]["unchanged"] == 3
            assert (
                httpx.post(f"{url}/ingest", json={"source": "hole"}).json()["error"].endswith("Did you mean 'whole'?")
            )

            begun = len([run for run in runs_of(name) if run.start_time])
            httpx.post(f"{url}/ingest", json={})
            wait_for(lambda: len([run for run in runs_of(name) if run.start_time]) > begun, "it did not begin")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        states = [run.state for run in runs_of(name)]
        assert not [state for state in states if state.is_running() or state.is_pending()]
        assert len([state for state in states if state.is_completed()]) >= 2


def test_runs_that_died_with_their_process_are_crashed_when_it_comes_back(prefect_api: str) -> None:
    with quick_folder() as folder:
        (folder / "killed").mkdir()
        for number in range(4000):  # so many that it is at work for some seconds, however fast the machine
            (folder / "killed" / f"{number}.txt").write_text(f"note number {number}")
        words = (folder / "killed", "--store", folder / "store", "--prefix", "killed")
        name = "ingest/killed ingest killed"
        with up(prefect_api, *words) as (process, url):
            wait_for(lambda: [run for run in runs_of(name) if run.state.is_running()], "it did not begin")
            process.kill()
        left = [run for run in runs_of(name) if run.state.is_running()]
        with up(prefect_api, *words) as (process, url):
            again = told(url, lambda status: status["last"] and status["state"] == "idle")
            assert again["last"][0]["error"] is None
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        assert left
        for run in left:
            state = read(lambda client, run=run: client.read_flow_run(run.id)).state
            assert state.is_crashed()
            assert "ended without a word" in state.message


def told(url: str, condition: Callable[[Any], Any]) -> Any:
    def look() -> Any:
        status = httpx.get(f"{url}/ingest").json()
        return status if condition(status) else None

    return wait_for(look, url)
