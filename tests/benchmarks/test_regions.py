"""What is measured of parts of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.regions import SHARES, maxsim, part, table


def test_part_has_so_much_of_the_sides_and_lies_in_the_picture() -> None:
    frame = np.arange(40 * 60 * 3).reshape(40, 60, 3).astype(np.uint8)
    some = part(frame, 0.5, np.random.default_rng(0))
    assert some.shape == (20, 30, 3)
    windows = np.lib.stride_tricks.sliding_window_view(frame, (20, 30, 3)).reshape(-1, 20, 30, 3)
    assert any(np.array_equal(some, window) for window in windows)


def test_maxsim_is_that_of_paper() -> None:
    """(1, 0) finds 1 and 0.6, (0, 1) finds 0.8 and 1: 1.8 and 1.6."""
    asked = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    found = np.array([[[1.0, 0.0], [0.6, 0.8]], [[0.6, 0.8], [0.0, 1.0]]])
    np.testing.assert_allclose(maxsim(asked, found), [[1.8, 1.6]])


def test_table_has_a_line_for_each_share(tmp_path: Path) -> None:
    for n in range(12):
        noise = np.random.default_rng(n).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        (tmp_path / str(n % 4)).mkdir(exist_ok=True)
        Image.fromarray(noise).resize((60, 60), Image.Resampling.NEAREST).save(tmp_path / str(n % 4) / f"{n}.png")
        (tmp_path / str(n % 4) / f"{n}.txt").write_text(f"number {n}")
    lines = table(tmp_path).splitlines()
    assert [line.split(" of ")[0] for line in lines[2:5]] == [f"| {share:.0%}" for share in SHARES]
    assert lines[-1].startswith("12 pictures; ms of one core a picture: visual ")
