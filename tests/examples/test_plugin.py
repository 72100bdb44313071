"""The encoder of another package, found by its entry point as in any environment that it is installed in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "examples" / "medley-sketch"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment for child processes with the package in it: its module, and what pip writes beside it."""
    site = tmp_path_factory.mktemp("site")
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    shutil.copy(PACKAGE / "medley_sketch.py", site)
    about = site / f"medley_sketch-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
    root = Path(__file__).parents[2]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(root), os.environ.get("PYTHONPATH", "")])}


def test_package_is_small():
    lines = (PACKAGE / "medley_sketch.py").read_text().splitlines()
    assert len(lines) < 40


def test_its_encoder_is_listed_and_makes_a_vector(installed):
    code = (
        "import json, numpy as np; from encoders import load_preset; from encoders.registry import names;"
        "from schemas import Modality;"
        "made = load_preset('text=hashing,image=sketch')['image'].encode([np.eye(9, dtype=np.uint8)[..., None]"
        ".repeat(3, 2) * 255], Modality.IMAGE);"
        "print(json.dumps(['sketch' in names(), list(made.shape)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=installed, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, [1, 129]]


def test_its_own_test_passes(installed):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(PACKAGE / "test_sketch.py")]
    done = subprocess.run(command, env=installed, capture_output=True, text=True, check=False, cwd=PACKAGE)
    assert done.returncode == 0, done.stdout
