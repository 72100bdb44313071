# ruff: noqa: E501  # a table reads best with a row a line
"""The real pictures: those in scikit-image's and scikit-learn's wheels whose terms are plain and free.

Who made each and under what terms stands in `examples/README.md`. Pictures whose origin their package does not tell
(the moon, the page, the motorcycle …) are left out.
"""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

PHOTOGRAPHS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    # package's file, name here, caption, tags
    ("skimage/data/astronaut.png", "astronaut.png", "An astronaut in an orange suit smiles beside a model shuttle.", ("people", "space")),
    ("skimage/data/brick.png", "brick-wall.png", "A wall of bricks, straight from the front.", ("texture", "building")),
    ("skimage/data/camera.png", "photographer.png", "A man with a camera on a tripod takes a picture outdoors.", ("people",)),
    ("skimage/data/cell.png", "cell.png", "A single living cell under the microscope.", ("science", "microscope")),
    ("skimage/data/chelsea.png", "cat.png", "A ginger tabby cat looks straight at you.", ("animal", "pet")),
    ("skimage/data/clock_motion.png", "clock.png", "A round wall clock, blurred by a moving hand.", ("time",)),
    ("skimage/data/coffee.png", "coffee.png", "A cup of espresso with a spoon on a wooden table.", ("drink", "cafe")),
    ("skimage/data/coins.png", "coins.png", "Rows of ancient Greek coins from Pompeii.", ("museum", "history")),
    ("skimage/data/grass.png", "grass.png", "Short grass seen from above.", ("texture", "plants")),
    ("skimage/data/gravel.png", "gravel.png", "Gravel, many small stones on the ground.", ("texture", "stone")),
    ("skimage/data/horse.png", "horse.png", "The black silhouette of a horse on white.", ("animal", "drawing")),
    ("skimage/data/hubble_deep_field.jpg", "galaxies.jpg", "Thousands of distant galaxies in the dark, by the Hubble telescope.", ("space", "science")),
    ("skimage/data/retina.jpg", "retina.jpg", "The retina at the back of a human eye with its blood vessels.", ("medicine", "eye")),
    ("skimage/data/rocket.jpg", "rocket.jpg", "A rocket lifts off from its launch pad in a cloud of smoke.", ("space", "flight")),
    ("skimage/data/text.png", "handwriting.png", "Mathematical words written by hand on paper.", ("writing",)),
    ("sklearn/datasets/images/china.jpg", "temple.jpg", "A Chinese temple with curved roofs and red pillars.", ("building", "travel")),
)  # fmt: skip


def copy_photographs(folder: Path) -> None:
    """Copies the pictures into `folder`, each with a sidecar that bears its caption and tags.

    A picture that a later version of its package no longer carries is passed over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for origin, name, caption, tags in PHOTOGRAPHS:
        package, _, inside = origin.partition("/")
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        file = Path(spec.submodule_search_locations[0]) / inside
        if file.is_file():
            shutil.copyfile(file, folder / name)
            sidecar = {"caption": caption, "tags": list(tags)}
            (folder / name).with_suffix(".json").write_text(json.dumps(sidecar, indent=1), encoding="utf-8")
