"""Times as people read them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds: 1:05, or 1:02:05 from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
