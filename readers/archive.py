"""Documents that are ZIP archives inside: opened with bounds, since one can unpack to a million times its size."""

from __future__ import annotations

import errno
import zlib
from pathlib import Path
from types import TracebackType
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from readers.hash import unreadable
from schemas import ReadError

_MOST_FILES = 50_000
_ENCRYPTED = 0x1
_DAMAGE = (BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError)  # what zipfile was seen to raise
_DAMAGED = "The document is damaged: what is packed in it cannot be read."


class Archive:
    """The files packed in a document. All that is read of them together is at most `limit` bytes.

    Raises:
        ReadError: It is damaged, or made to do harm.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.limit = self.left = limit
        try:
            self._zip = ZipFile(path)
        except OSError as error:
            raise _unreadable(error) from error
        except _DAMAGE as error:
            raise ReadError(_DAMAGED) from error
        self.names = frozenset(self._zip.namelist())
        if len(self.names) > _MOST_FILES:
            self._zip.close()
            raise ReadError(f"The document packs {len(self.names):,} files: it may be made to do harm.")

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        """What the file `name` holds; nothing where there is none.

        Raises:
            ReadError: It is damaged or encrypted, or all together unpacks to more than the limit.
        """
        if name not in self.names:
            return b""
        try:
            entry = self._zip.getinfo(name)
            if entry.flag_bits & _ENCRYPTED:
                raise ReadError("The document is encrypted: save a copy without its password.")
            if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise ReadError(_DAMAGED)
            with self._zip.open(entry) as file:
                data = file.read(self.left + 1)
        except OSError as error:
            raise _unreadable(error) from error
        except _DAMAGE as error:
            raise ReadError(_DAMAGED) from error
        self.spend(len(data))
        return data

    def spend(self, count: int) -> None:
        """Count so many bytes, or characters that are told again and again, among what was read.

        Raises:
            ReadError: All together is more than the limit.
        """
        self.left -= count
        if self.left < 0:
            raise ReadError(f"The document unpacks to more than {self.limit:,} bytes: it may be made to do harm.")


def _unreadable(error: OSError) -> ReadError:
    """A place in the file that cannot be is the archive's fault, anything else the system's."""
    return ReadError(_DAMAGED) if error.errno == errno.EINVAL else unreadable(error)
