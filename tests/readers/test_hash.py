"""The content hash."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from readers import content_hash
from schemas import FileChangedError, ReadError, TransientReadError


def test_the_hash_is_blake3(tmp_path: Path) -> None:
    # The first of the official test vectors, and one whose input is longer than a buffer: 0, 1 … 250, 0, 1 …
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "long").write_bytes(bytes(number % 251 for number in range(102_400)))
    assert content_hash(tmp_path / "empty") == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert content_hash(tmp_path / "long") == "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"


def test_a_missing_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"^The file cannot be read: no such file or directory\.$"):
        content_hash(tmp_path / "missing")
    with pytest.raises(ReadError, match="is a directory"):
        content_hash(tmp_path)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EIO, TransientReadError),
        (errno.ESTALE, TransientReadError),
        (errno.ENOMEM, TransientReadError),
        (errno.ENOENT, FileChangedError),
        (errno.EACCES, ReadError),
    ],
)
def test_a_fault_of_the_disk_is_told_from_one_of_the_file(
    number: int, kind: type[ReadError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.open", fail)
    with pytest.raises(ReadError) as told:
        content_hash(tmp_path / "file")
    assert type(told.value) is kind
