"""Cut a film into scenes, from a few frames a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readers.cuts import Look, cuts

_SHORTEST = 1.0  # seconds
_KEPT = 64  # frames of one scene that wait to be chosen from


@dataclass(slots=True)
class Scene:
    """A stretch of a film, in seconds, with the frames that were sampled from it."""

    start: float
    end: float
    looks: list[Look]

    def chosen(self, count: int) -> list[Look]:
        """Up to `count` frames, spread over the scene, none of which repeats the one before."""
        news: list[Look] = []
        for look in self.looks:
            if not news or not news[-1].same_as(look):
                news.append(look)
        if len(news) > count:
            news = [news[int((at + 0.5) * len(news) / count)] for at in range(count)]
        return news


def cut(looks: Iterator[Look], longest: float) -> Iterator[Scene]:
    """Scenes of at most `longest` seconds, cut where the picture changes (see `readers.cuts`).

    Frames may lie far apart (a slide show): the last one stays in view. The last scene ends with the last frame; one
    that is shorter than a second belongs to the scene before. At most one scene waits, so memory stays the same.
    """
    waiting: Scene | None = None  # may yet take up a short one that follows
    current: Scene | None = None
    last: Look | None = None
    for look, begins in cuts(looks):
        if current is None or last is None:
            current, last = Scene(look.time, look.time, [look]), look
            continue
        while look.time - current.start >= longest:
            current.end = current.start + longest
            if waiting is not None:
                yield waiting
            in_view = look.time - current.end >= _SHORTEST
            waiting, current = current, Scene(current.end, current.end, [last] if in_view else [])
        if begins and look.time - current.start >= _SHORTEST:
            current.end = look.time
            if waiting is not None:
                yield waiting
            waiting, current = current, Scene(look.time, look.time, [])
        current.end = look.time
        current.looks.append(look)
        if len(current.looks) > _KEPT:
            current.looks = current.looks[::2]
        last = look
    if waiting is not None and current is not None and current.end - current.start < _SHORTEST:
        waiting.end, current = current.end, None
    yield from (scene for scene in (waiting, current) if scene is not None)
