"""Runs that died with their process, and who is told."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from flows.operations.automate import ensure_automation
from flows.operations.notify import notify
from schemas import UsageError
from schemas.settings import NotifySettings
from tests.integration.live import read, wait_for

pytestmark = pytest.mark.usefixtures("prefect_api")


def test_a_run_that_gives_no_sign_of_life_any_more_is_crashed() -> None:
    from prefect import flow
    from prefect.events import emit_event
    from prefect.states import Running

    @flow
    def silent() -> None: ...

    ensure_automation("silent", silence=10, name="a test's")  # as deployed, but for the shortest time that there can be
    ensure_automation("silent", silence=10, name="a test's")
    assert len(read(lambda client: client.read_automations_by_name("a test's"))) == 1
    ours, others = (
        read(lambda client, tag=tag: client.create_flow_run(silent, tags=[tag], state=Running()))
        for tag in ("silent", "another")
    )
    for run, tag in ((ours, "silent"), (others, "another")):
        emit_event(
            "prefect.flow-run.heartbeat",
            resource={"prefect.resource.id": f"prefect.flow-run.{run.id}"},
            related=[{"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}],
        )

    def state_of(run: Any) -> Any:
        return read(lambda client: client.read_flow_run(run.id)).state

    wait_for(lambda: not state_of(ours).is_running(), "it still seems to run")

    assert state_of(ours).is_crashed()
    assert "its process died" in state_of(ours).message
    assert state_of(others).is_running()  # not ours to judge


def test_a_block_of_prefects_takes_messages_and_one_that_is_missing_is_a_sentence() -> None:
    from prefect.blocks.abstract import NotificationBlock

    sent: list[tuple[str | None, str]] = []

    class Pager(NotificationBlock):
        _block_type_slug = "pager"

        def notify(self, body: str, subject: str | None = None) -> None:
            sent.append((subject, body))

    Pager().save("operators", overwrite=True)
    notify("subject", "body", NotifySettings(block="pager/operators"))
    ensure_automation("paged", block="pager/operators", name="another test's")

    assert sent == [("subject", "body")]
    [rule] = read(lambda client: client.read_automations_by_name("another test's"))
    assert [action.type for action in rule.actions] == ["change-flow-run-state", "send-notification"]
    with pytest.raises(UsageError, match="no block 'pager/nobody'"):
        ensure_automation("paged", block="pager/nobody", name="another test's")


def test_a_block_that_fails_costs_no_run_and_tells_why_without_its_address(caplog: pytest.LogCaptureFixture) -> None:
    from prefect.blocks.abstract import NotificationBlock

    class Refused(NotificationBlock):
        _block_type_slug = "refused"

        def notify(self, body: str, subject: str | None = None) -> None:
            request = httpx.Request("POST", "https://hooks.example.com/s3cret")
            httpx.Response(404, request=request).raise_for_status()

    Refused().save("operators", overwrite=True)
    with caplog.at_level(logging.ERROR):
        notify("subject", "body", NotifySettings(block="refused/operators"))
        notify("subject", "body", NotifySettings(block="refused/nobody"))

    assert "The block refused/operators did not take the message: it answered 404." in caplog.text
    assert "Unable to find block document named nobody" in caplog.text
    assert "s3cret" not in caplog.text
