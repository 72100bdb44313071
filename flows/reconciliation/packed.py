"""Long lists in little memory."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

BLOCK = 1000
"""Things in a block: enough that what they have in common is told once, few enough that one is quickly opened."""


class Packed(Collection[T]):
    """Things in their order, held as compressed blocks and made anew whenever they are drawn.

    A file to be read takes 55 bytes so, and 400 as objects: with a hundred thousand files it is these lists that a run
    would need most memory for. Packing and drawing take two microseconds a thing.
    """

    def __init__(self, things: Iterable[T] = ()) -> None:
        self._blocks: list[bytes] = []
        self._last: list[T] = []  # the block that is being filled
        self.extend(things)

    def append(self, thing: T) -> None:
        """Add one at the end."""
        self._last.append(thing)
        if len(self._last) == BLOCK:
            self._blocks.append(zlib.compress(pickle.dumps(self._last, pickle.HIGHEST_PROTOCOL), 1))
            self._last = []

    def extend(self, things: Iterable[T]) -> None:
        """Add several at the end."""
        for thing in things:
            self.append(thing)

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK + len(self._last)

    def __iter__(self) -> Iterator[T]:
        for block in self._blocks:
            yield from pickle.loads(zlib.decompress(block))  # noqa: S301  # made above, of our own things
        yield from self._last

    def __contains__(self, thing: object) -> bool:
        return any(thing == one for one in self)
