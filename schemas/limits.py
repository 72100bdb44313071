"""What reading one file may take before it is given up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadLimits:
    """Limits of the child process that reads a file. A file that goes beyond them is quarantined.

    `seconds` is the longest time without a sign of progress (a segment, a piece of a long file hashed), not the time
    for the whole file: a film of two hours takes what it takes. `memory` is what a child may allocate, in bytes, beyond
    what it started with.
    """

    seconds: float = 60.0
    memory: int = 2 << 30
