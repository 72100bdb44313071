"""Ways to damage a file."""

from __future__ import annotations

import random
from collections.abc import Iterator


def mutants(data: bytes, seed: object, count: int) -> Iterator[bytes]:
    """The file cut off at every tenth, then with flipped bits, overwritten stretches, and parts left out or doubled."""
    for tenth in range(1, min(count, 9) + 1):
        yield data[: len(data) * tenth // 10]
    rng = random.Random(str(seed))
    for _ in range(count - 9):
        damaged = bytearray(data)
        reach = rng.choice([256, 2048, len(data)])  # headers are what decoders trust most
        for _ in range(rng.choice([1, 4, 20])):
            at = rng.randrange(min(reach, len(damaged)))
            match rng.randrange(6):
                case 0:
                    damaged[at : at + 16] = rng.randbytes(len(damaged[at : at + 16]))
                case 1:
                    damaged[at : at + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])[: len(damaged) - at]
                case 2:
                    del damaged[at : at + rng.randrange(1, 64)]
                    damaged = damaged or bytearray(b"\0")
                case 3:
                    damaged[at:at] = damaged[at : at + rng.randrange(1, 64)]
                case _:
                    damaged[at] ^= 1 << rng.randrange(8)
        yield bytes(damaged)
