# ruff: noqa: E501  # a table reads best with a row a line
"""Which pictures are painted, with which captions. About a third has none, and a name that says nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mediakit import write
from mediakit.canvas import Array, finish
from mediakit.indoors import printed, sign, still_life, volcano
from mediakit.land import dunes, meadow, mountains
from mediakit.night import city, stars
from mediakit.water import sunset, underwater
from mediakit.woods import forest

Scene = Callable[..., Array]


@dataclass(frozen=True)
class Painting:
    """A picture to paint. `keep` says where its caption goes: "txt" or "json" beside it, "exif" or "xmp" inside."""

    path: str
    scene: Scene
    seed: int
    options: dict[str, Any] = field(default_factory=dict)
    caption: str = ""
    keep: str = "txt"
    tags: tuple[str, ...] = ()


AUTUMN = {"mist": "#ffe6a8", "leaves": ("#f2a531", "#d8651f", "#8e3318"), "ground": "#8a4a1e"}
BIRCH = {"mist": "#d5ecd9", "birch": True, "leaves": ("#a6d45a", "#6eb043", "#3c7a35")}
SPRING = {"mist": "#eef6c0", "leaves": ("#b4dc4e", "#86bd3a", "#4f8a2c"), "ground": "#5c8f35"}
DEEP = {"mist": "#a9cfae", "leaves": ("#4f8f4a", "#2f6b3c", "#1c4a2c"), "ground": "#274f2d", "trunk": "#1c2119"}
EVENING_SNOW = {"sky": ("#5b6ea8", "#f6c9b0"), "light": "#ffd0a0"}
RED = ("#3d1f4f", "#e2571e", "#ffd166")
VIOLET = ("#1d3f72", "#8f6fb0", "#ffb59a")
ROSE = ("#2e3566", "#e0708a", "#ffd9a0")
HARBOUR = {"sky": ("#071326", "#25507a"), "glowing": "#ffb36b"}
NEON = {"water": False, "rain": True, "glowing": "#ff5c8a", "windows": ("#8ff0ff", "#ffd27a", "#ff9ad5")}
DUSK = {"sky": ("#6a4a86", "#f7b37a"), "sand": "#d9834a", "low": 0.22}
APPLES = (("#c8281e", 56), ("#d43a22", 60), ("#8fae2e", 58), ("#c22a20", 55))
LEMONS = (("#f3cf2f", 52), ("#5b2d6e", 44), ("#f0c52a", 54), ("#6a2f78", 42))

PAINTINGS: tuple[Painting, ...] = (
    # Sunsets over the sea.
    Painting("pictures/sea/sailing-home.jpg", sunset, 1, {"boat": True, "gulls": 5}, "A sailing boat comes home over the sea at sunset, gulls above it."),
    Painting("pictures/sea/burning-sky.jpg", sunset, 2, {"sky": RED, "sun": 0.3, "islands": True, "high": 0.02}, "The sun goes down behind the islands and the sky burns orange.", "exif"),
    Painting("pictures/sea/lilac-evening.webp", sunset, 3, {"sky": VIOLET, "sun": 0.7, "high": 0.15, "cloud": 0.2, "boat": True}, "Quiet evening at the ocean, a lilac sky and one small sail."),
    Painting("pictures/sea/golden-path.jpg", sunset, 4, {"sky": ("#43305e", "#ee7b45", "#ffe08a"), "cloud": 0.3}, "The low sun lays a golden path on the water.", "json", ("sunset", "sea")),
    Painting("pictures/sea/gulls-at-dusk.jpg", sunset, 5, {"sky": ROSE, "sun": 0.62, "gulls": 7, "high": 0.05}, "Seagulls over the waves at dusk.", "xmp"),
    Painting("pictures/sea/last-light.avif", sunset, 6, {"sky": RED, "sun": 0.42, "high": 0.0, "cloud": 0.6}, "Last light of the day over the sea, heavy red clouds.", "json", ("sunset", "clouds")),
    Painting("pictures/camera/dsc_0407.jpg", sunset, 7, {"sky": ("#352a62", "#e8624f", "#ffc766"), "sun": 0.66, "boat": True, "cloud": 0.35}),
    Painting("pictures/camera/dsc_0412.jpg", sunset, 8, {"sky": RED, "sun": 0.5, "islands": True, "cloud": 0.5}),
    Painting("pictures/camera/img_2291.jpg", sunset, 9, {"sky": ROSE, "sun": 0.35, "gulls": 4}),
    # Mountains with snow.
    Painting("pictures/mountains/winter-morning.jpg", mountains, 1, {}, "Snowy mountains on a clear winter morning, fir trees in front."),
    Painting("pictures/mountains/glow-on-the-peaks.jpg", mountains, 3, {**EVENING_SNOW, "pines": False}, "Evening light turns the snow on the peaks pink.", "exif"),
    Painting("pictures/mountains/summit.png", mountains, 12, {"snowline": 0.2, "pines": False, "cloud": 0.4}, "A white summit high above the glacier.", "xmp"),
    Painting("pictures/mountains/ski-slope.jpg", mountains, 5, {"snowline": 0.15, "sun": -1.0}, "Fresh snow in the Alps, a perfect day for skiing.", "json", ("mountains", "winter", "snow")),
    Painting("pictures/mountains/rock-and-ice.webp", mountains, 14, {"snowline": 0.5, "cloud": 0.5}, "A rocky mountain range with patches of ice and snow."),
    Painting("pictures/camera/dsc_0420.jpg", mountains, 21, {"sun": -1.0}),
    Painting("pictures/camera/dsc_0423.jpg", mountains, 8, {"snowline": 0.25, "cloud": 0.45}),
    # Forests.
    Painting("pictures/forest/morning-mist.jpg", forest, 5, {}, "Morning mist between the tall trees of a green forest."),
    Painting("pictures/forest/birch-wood.jpg", forest, 3, BIRCH, "A birch wood in early summer, white trunks and ferns.", "exif"),
    Painting("pictures/forest/autumn-path.jpg", forest, 2, {**AUTUMN, "path": True}, "A path leads through the autumn wood, orange leaves all around.", "json", ("autumn", "forest", "walk")),
    Painting("pictures/forest/spring-leaves.webp", forest, 11, {**SPRING, "path": True}, "Fresh leaves in the woods, sunlight falls on the trail."),
    Painting("pictures/forest/deep-green.png", forest, 12, DEEP, "Deep in the old forest it is dark, green and silent.", "xmp"),
    Painting("pictures/camera/img_2304.jpg", forest, 13, {}),
    Painting("pictures/camera/img_2305.jpg", forest, 14, SPRING),
    # Deserts.
    Painting("pictures/desert/great-dune.jpg", dunes, 2, {}, "Great sand dunes under a cloudless desert sky."),
    Painting("pictures/desert/caravan.jpg", dunes, 2, {"sun": -1.0, "camels": 4}, "A caravan of camels crosses the desert.", "exif"),
    Painting("pictures/desert/red-sand.jpg", dunes, 3, DUSK, "Red sand in the evening, long shadows on the dunes.", "json", ("desert", "evening")),
    Painting("pictures/desert/sahara.png", dunes, 4, {"sand": "#e8b96c", "cloud": 0.2, "low": 0.4}, "The Sahara: nothing but sand, heat and a few thin clouds.", "xmp"),
    Painting("pictures/desert/crest.webp", dunes, 5, {"low": 0.25}, "The sharp crest of a dune, one side in shade."),
    Painting("pictures/camera/dsc_0431.jpg", dunes, 6, {"sun": -1.0, "low": 0.28}),
    Painting("pictures/camera/dsc_0433.jpg", dunes, 7, {"sand": "#e5b06a"}),
    # Night skies.
    Painting("pictures/night/milky-way.jpg", stars, 1, {}, "The Milky Way rises over the hills on a starry night."),
    Painting("pictures/night/camp.jpg", stars, 3, {"tent": True, "sky": ("#0b0620", "#3d2b6b"), "tilt": 0.5}, "A lit tent under thousands of stars.", "exif"),
    Painting("pictures/night/shooting-stars.jpg", stars, 2, {"moon": 0.7, "milky": 0.2, "meteors": 3}, "Shooting stars and a full moon in the night sky.", "json", ("night", "stars", "moon")),
    Painting("pictures/night/galaxy-view.png", stars, 4, {"tilt": 0.3, "sky": ("#04101f", "#1d4a63")}, "Stars without number, our galaxy from a dark valley.", "xmp"),
    Painting("pictures/night/perseids.webp", stars, 5, {"meteors": 5, "milky": 0.5, "tilt": 1.3}, "Night of the Perseids: meteors cross the constellations."),
    Painting("pictures/camera/img_2318.jpg", stars, 6, {"tilt": 0.7}),
    Painting("pictures/camera/img_2320.jpg", stars, 7, {"tilt": 1.1, "sky": ("#0b0620", "#3d2b6b")}),
    # Cities after dark.
    Painting("pictures/city/skyline.jpg", city, 1, {}, "The skyline of a big city at night, lit windows mirrored in the river."),
    Painting("pictures/city/bridge.jpg", city, 2, {**HARBOUR, "bridge": True, "moon": 0.8}, "A suspension bridge before the towers downtown, full moon.", "exif"),
    Painting("pictures/city/neon-rain.jpg", city, 3, NEON, "Skyscrapers in the rain, pink neon light in the clouds.", "json", ("city", "night", "rain")),
    Painting("pictures/city/office-lights.png", city, 4, {**HARBOUR, "moon": 0.25}, "Late at the office: lights burn in the high-rise buildings.", "xmp"),
    Painting("pictures/city/waterfront.webp", city, 5, {"glowing": "#c98bff"}, "City lights on the waterfront after dark."),
    Painting("pictures/camera/dsc_0440.jpg", city, 6, {}),
    Painting("pictures/camera/dsc_0441.jpg", city, 7, {**HARBOUR}),
    # Under water.
    Painting("pictures/reef/yellow-school.jpg", underwater, 1, {}, "A school of yellow fish above the coral reef."),
    Painting("pictures/reef/clownfish.jpg", underwater, 2, {"kelp": 9, "fish": "#ff7f3f", "water": ("#a8e6c9", "#0b4a4f")}, "Orange clownfish among the seaweed, sunbeams from the surface.", "exif"),
    Painting("pictures/reef/blue-deep.jpg", underwater, 3, {"fish": "#5ec8ff", "water": ("#6db8ff", "#0a1f5c"), "school": 40}, "Diving into the blue: little fish everywhere under water.", "json", ("sea", "diving", "fish")),
    Painting("pictures/reef/coral-garden.png", underwater, 4, {"water": ("#8ff0e0", "#0a4f7a"), "school": 10}, "A garden of corals on the sea floor.", "xmp"),
    Painting("pictures/camera/gopr0007.jpg", underwater, 5, {}),
    Painting("pictures/camera/gopr0008.jpg", underwater, 6, {"kelp": 5, "fish": "#ff9d4f"}),
    # Fields and meadows.
    Painting("pictures/fields/green-hills.jpg", meadow, 1, {"trees": 14}, "Rolling green hills and summer clouds in the countryside."),
    Painting("pictures/fields/lavender.jpg", meadow, 2, {"flowers": "#7f5fc0", "rows": True}, "Rows of lavender in bloom.", "exif"),
    Painting("pictures/fields/poppies.jpg", meadow, 3, {"flowers": "#d8332a"}, "Red poppies in a meadow on a sunny day.", "json", ("flowers", "summer")),
    Painting("pictures/fields/rapeseed.webp", meadow, 5, {"flowers": "#f2c230", "rows": True, "trees": 14}, "A farmer's field of yellow rapeseed under a blue sky."),
    Painting("pictures/camera/dsc_0450.jpg", meadow, 6, {"trees": 16}),
    Painting("pictures/camera/dsc_0452.jpg", meadow, 13, {"trees": 12, "cloud": 0.5}),
    # Small things.
    Painting("pictures/still-life/oranges.jpg", still_life, 1, {}, "Three oranges on a kitchen table."),
    Painting("pictures/still-life/bowl-of-apples.jpg", still_life, 2, {"bowl": "#3f6fa8", "fruit": APPLES}, "Red and green apples in a blue bowl.", "exif"),
    Painting("pictures/still-life/lemons-and-plums.png", still_life, 3, {"fruit": LEMONS, "wall": "#3a2a22"}, "Lemons and plums, a still life with fruit.", "xmp"),
    Painting("pictures/camera/img_2330.jpg", still_life, 4, {"fruit": (("#f08a24", 64), ("#e9791c", 58), ("#d43a22", 55)), "wall": "#39443a"}),
    Painting("pictures/signs/this-way.png", sign, 1, {}, "Round blue road sign with a white arrow to the right."),
    Painting("pictures/signs/danger.gif", sign, 2, {"shape": "triangle", "ground": "#d62a1e", "mark": "#fff4d6"}, "Triangular warning sign with an exclamation mark."),
    Painting("pictures/signs/target.gif", sign, 3, {"shape": "rings", "ground": "#c8261e"}, "A red and white target of rings."),
    Painting("pictures/signs/finish.png", sign, 4, {"shape": "chequers", "ground": "#1b1b1f"}, "A black and white chequered board."),
    Painting("pictures/scans/scan_0001.tiff", printed, 2, {"title": "HARBOUR MUSEUM", "lines": ("Opening hours", "Tuesday to Sunday 10 - 18", "Closed on Mondays", "Last admission 17:15")}),
    Painting("pictures/scans/scan_0002.png", printed, 3, {"title": "Summer Concert", "lines": ("String quartet and piano", "Saturday 14 June, 20:00", "Old Town Hall", "Tickets at the door"), "paper": "#e9eef2", "tilt": -0.6}),
    Painting("pictures/science/eruption.jpg", volcano, 2, {}, "A volcano erupts at night, lava runs down its flanks.", "json", ("volcano", "geology")),
    Painting("pictures/science/volcano-section.png", volcano, 2, {"inside": True, "night": False, "eruption": 0.5}, "Cross-section of a volcano: magma chamber, vent and layers of ash."),
)  # fmt: skip


def paint(painting: Painting) -> Image.Image:
    """The picture itself: the same for the same painting."""
    rng = np.random.default_rng(painting.seed)
    return finish(painting.scene(rng, **painting.options), rng)


def save(painting: Painting, folder: Path) -> None:
    """Paints one picture and puts it, with its caption, below `folder`."""
    file = folder / painting.path
    file.parent.mkdir(parents=True, exist_ok=True)
    write.picture(file, paint(painting), painting.caption, painting.keep)
    if painting.caption and painting.keep == "txt":
        file.with_suffix(".txt").write_text(painting.caption + "\n", encoding="utf-8")
    elif painting.caption and painting.keep == "json":
        sidecar = {"caption": painting.caption, "tags": list(painting.tags)}
        file.with_suffix(".json").write_text(json.dumps(sidecar, indent=1), encoding="utf-8")
