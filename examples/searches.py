"""The five searches of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from schemas.answer import Hit


@dataclass(frozen=True)
class Ask:
    """One search: words, a file of the collection, or both, and anything else that `Library.search` takes."""

    title: str
    text: str = ""
    media: Path = Path()
    path: str = ""  # of the file, in `media`
    modality: Literal["image", "audio"] = "image"  # of the file
    options: tuple[tuple[str, Any], ...] = ()
    description: str = ""

    @property
    def file(self) -> Path | None:
        """The file that is asked with."""
        return self.media / self.path if self.path else None

    def question(self) -> dict[str, Any]:
        """The arguments of `Library.search`. The file itself is not part of its answer."""
        asked: dict[str, Any] = {"text": self.text or None, **dict(self.options)}
        if self.file:
            asked[self.modality] = self.file
            if '"' not in self.path:
                asked["where"] = f'path != "{self.path}"'
        return asked

    def words(self) -> str:
        """What is asked, in a line."""
        return " + ".join(filter(None, (f'"{self.text}"' if self.text else "", self.path)))

    def as_hit(self) -> Hit:
        """The file that is asked with, as a hit, so that it can be shown as hits are."""
        path = str(self.file)
        return Hit(item="", source="", path=path, modality=self.modality, score=0, file=path)


def demo_searches(media: Path) -> list[Ask]:
    """Searches whose answers show the point, in the demo's own media."""
    return [
        Ask(
            "Words find pictures without captions",
            "snow on high mountains",
            options=(("using", "image"),),
            description="A third of the pictures has no caption, no tags, no telling name. A bridge, fitted on those "
            "that have, carries the words to where such pictures lie. Only the looks are searched here.",
        ),
        Ask(
            "A picture finds pictures, and moments in clips",
            media=media,
            path="pictures/camera/img_2318.jpg",
            description="Asked with pictures/camera/img_2318.jpg: colours, layout, edges and texture are compared.",
        ),
        Ask(
            "A sound finds the second at which it is heard",
            media=media,
            path="sounds/town/church-bell.ogg",
            modality="audio",
            description="Asked with sounds/town/church-bell.ogg. In the half minute of evening-in-the-village.m4a the "
            "bell rings at 0:21.",
        ),
        Ask(
            "Words find the second in a clip",
            "why does magma rise?",
            options=(("where", "modality = video"),),
            description="The words spoken, the slides' print and the looks of each scene are searched, and fused.",
        ),
        Ask(
            "Words and a picture together",
            "flowers",
            media,
            "pictures/camera/dsc_0450.jpg",
            options=(("fusion", "relative"),),
            description="A landscape like this one, with flowers: three rankings become one, and each hit says what "
            "every vector gave to it.",
        ),
    ]
