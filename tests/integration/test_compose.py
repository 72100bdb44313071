"""The container files: as far as they can be checked without an engine, and where there is one, run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from medley.cli import app
from tests.media import picture

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
STAYING = {name: service for name, service in SERVICES.items() if service["restart"] == "unless-stopped"}
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("medley:")}


def test_it_is_a_compose_file() -> None:
    """By the schema of the Compose specification (Apache-2.0, compose-spec/compose-spec)."""
    schema = json.loads((Path(__file__).parent / "compose_spec.json").read_text())
    found = yaml.safe_load(COMPOSE.read_text())
    assert found.pop("name") == "medley"  # younger than the schema
    assert [error.message for error in Draft7Validator(schema).iter_errors(found)] == []
    found["services"]["api"]["port"] = found["services"]["api"].pop("ports")
    assert [error.message for error in Draft7Validator(schema).iter_errors(found)] != []


def test_it_brings_all_that_medley_consists_of() -> None:
    assert set(SERVICES) == {"qdrant", "postgres", "prefect", "deploy", "worker", "api"}
    assert set(STAYING) == set(SERVICES) - {"deploy"}
    assert set(OURS) == {"deploy", "worker", "api"}


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_ports_are_local_and_nobody_is_root(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":v?\d+\.\d+", service["image"]), service["image"]
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")
    assert service in OURS.values() or "user" in service or service["image"].endswith("-unprivileged")


@pytest.mark.parametrize("name", STAYING)
def test_what_stays_is_watched_and_begins_when_what_it_needs_is_well(name: str) -> None:
    service = STAYING[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    for needed, how in service.get("depends_on", {}).items():
        wanted = "service_healthy" if needed in STAYING else "service_completed_successfully"
        assert how == {"condition": wanted}


def test_secrets_come_from_the_environment_and_the_example_names_them_all() -> None:
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    named = set(re.findall(r"^(?:# )?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked == named
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search("KEY|PASSWORD|WEBHOOK|CONNECTION", key):
                assert "${" in value
    assert ".env" in (ROOT / ".gitignore").read_text().split()


@pytest.mark.parametrize("name", OURS)
def test_the_commands_of_our_containers_are_commands(name: str) -> None:
    service = OURS[name]
    words = shlex.split(service["command"])
    if service.get("entrypoint") == ["prefect"]:
        command = [sys.executable, "-m", "prefect", *words, "--help"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    else:
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0
        assert CliRunner().invoke(app, [*words, "--no-such-option", "--help"]).exit_code == 2


def test_the_image_is_built_in_stages_pinned_and_not_roots() -> None:
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert len(bases) == 2
    [pinned] = [line.partition("=")[2] for line in lines if line.startswith("ARG PYTHON=")]
    assert re.fullmatch(r"3\.11\.\d+-slim-\w+", pinned)
    assert set(bases) == {"python:${PYTHON}"}
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER 10001:10001"]
    assert lines.index(users[0]) < next(number for number, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
    text = "\n".join(lines)
    assert not re.search(r"\bADD\b|latest|sudo|apt-get upgrade", text)
    assert all(
        "--constraint constraints.txt" in line for line in text.replace("\\\n", "").split("\n") if "pip install" in line
    )
    packages = re.search(r"packages = \[(.*)\]", (ROOT / "pyproject.toml").read_text())
    assert packages is not None
    for package in re.findall(r'"(\w+)"', packages[1]):
        assert f"COPY {package} {package}" in lines
        assert f"!{package}" in (ROOT / ".dockerignore").read_text().split()


def test_everything_comes_up_and_a_folder_can_be_searched(tmp_path: Path) -> None:
    docker = pytest.importorskip("docker", reason="the Docker SDK is not installed")
    try:
        docker.from_env().ping()
    except docker.errors.DockerException:
        pytest.skip("no container engine answers")
    from testcontainers.compose import DockerCompose

    picture(tmp_path / "media" / "red.png", "red")
    secrets = "".join(
        f"{name}=a-secret-of-the-test\n" for name in ("QDRANT_API_KEY", "POSTGRES_PASSWORD", "MEDLEY_HTTP__API_KEY")
    )
    (tmp_path / "env").write_text(f"MEDIA={tmp_path / 'media'}\n{secrets}")
    with DockerCompose(ROOT, build=True, wait=True, env_file=str(tmp_path / "env")):
        headers = {"api-key": "a-secret-of-the-test"}
        until = time.monotonic() + 600
        while time.monotonic() < until:
            status = httpx.get("http://127.0.0.1:8707/status", headers=headers).json()
            if status.get("items") == 1:
                break
            time.sleep(5)
        assert status["items"] == 1
        assert httpx.get("http://127.0.0.1:4200/api/health").json() is True
