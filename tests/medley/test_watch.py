"""`medley watch`, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.media import picture
from tests.store.conftest import quick_folder


def test_a_collection_follows_its_folder_until_it_is_stopped() -> None:
    with quick_folder() as folder:
        picture(folder / "media" / "first.png", "red")
        process = subprocess.Popen(
            [sys.executable, "-m", "medley.cli", "watch", str(folder / "media"), "--settled", "0.2"],
            env={
                **os.environ,
                "MEDLEY_ENCODERS__PRESET": "tiny",
                "MEDLEY_ENCODERS__OCR": "off",
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "MEDLEY_STORE": str(folder / "media" / ".medley"),  # its own writes are no changes
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("2 files found: 1 indexed")  # the store's folder is the other
            while process.stdout.readline().startswith(("Encoded", "Excluded")):
                pass
            picture(folder / "media" / "below" / "second.png", "blue")
            assert process.stdout.readline().startswith("1 indexed (")
            (folder / "media" / "first.png").unlink()
            assert process.stdout.readline().startswith("1 deleted (")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
            assert process.stderr is not None
            assert process.stderr.read() == "Stopped.\n"
        finally:
            process.kill()
            process.communicate()
