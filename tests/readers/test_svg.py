"""Drawings: what they show and say, and that they reach nothing outside."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from PIL import Image

from readers import read_file
from readers.svg import read_svg
from schemas import ReadError, ReadOptions, Segment, WordKind
from tests.media import pixel_bomb, svg

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{0}" height="{0}">'


def drawn(path: Path, source: str) -> Segment:
    path.write_text(source, encoding="utf-8")
    (segment,) = read_file(path).segments
    return segment


def shown(path: Path, inside: str) -> tuple[int, ...]:
    """The colour in the middle of a drawing of 40 × 40 pixels."""
    frame = drawn(path, SVG.format(40) + inside + "</svg>").frames[0]
    return tuple(int(value) for value in frame[256, 256])


def test_a_drawing_says_its_title_and_its_texts(tmp_path: Path) -> None:
    inside = "<desc>Seen from above</desc><text x='9'><tspan>Stop</tspan> here</text><script>var x = 'no'</script>"
    reading = read_file(svg(tmp_path / "a.svg", inside=inside))
    (segment,) = reading.segments
    assert segment.words[WordKind.EMBEDDED] == "A red dot\nSeen from above\nStop here"
    assert reading.info == {"width": 96, "height": 64, "title": "A red dot"}


@pytest.mark.parametrize(("length", "pixels"), [("30", 30), ("30px", 30), ("30pt", 40), ("2.54 cm", 96), ("1in", 96)])
def test_lengths_may_have_units(tmp_path: Path, length: str, pixels: int) -> None:
    (tmp_path / "a.svg").write_text(SVG.format(length) + "<rect width='99' height='99'/></svg>")
    reading = read_file(tmp_path / "a.svg")
    assert (reading.info["width"], reading.info["height"]) == (pixels, pixels)
    assert next(reading.segments).frames[0].shape == (512, 512, 3)


def test_a_drawing_is_known_by_its_root(tmp_path: Path) -> None:
    for start in ("<!-- one --><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://x/y.dtd'>", "\ufeff \n"):
        assert drawn(tmp_path / "a.txt", start + SVG.format(9) + "<path d='M0 0h9v9'/></svg>").frames
    feed = drawn(tmp_path / "a.xml", "<?xml version='1.0'?><feed>" + SVG.format(9) + "</svg>words</feed>")
    assert (feed.frames, feed.text) == ((), "words")


def test_entities_of_a_drawing_program_are_understood(tmp_path: Path) -> None:
    start = "<!DOCTYPE svg [<!ENTITY ns 'http://www.w3.org/2000/svg'><!ENTITY blue '#0000ff'>]>"
    inside = "<svg xmlns='&ns;' viewBox='0 0 9 9'><rect width='9' height='9' fill='&blue;'/></svg>"
    assert tuple(drawn(tmp_path / "a.svg", start + inside).frames[0][9, 9]) == (0, 0, 255)


def test_pictures_inside_a_drawing_are_shown_and_those_outside_are_not(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "blue.png")
    encoded = base64.b64encode((tmp_path / "blue.png").read_bytes()).decode()
    image = "<image width='40' height='40' xlink:href='{}'/>"
    assert shown(tmp_path / "a.svg", image.format(f"data:image/png;base64,{encoded}")) == (0, 0, 255)
    for address in (tmp_path / "blue.png", f"file://{tmp_path}/blue.png", "blue.png", "http://127.0.0.1:1/blue.png"):
        assert shown(tmp_path / "a.svg", image.format(address)) == (255, 255, 255)
        assert shown(tmp_path / "a.svg", image.replace("xlink:", "").format(address)) == (255, 255, 255)
    outside = f"<!DOCTYPE svg [<!ENTITY x SYSTEM '{tmp_path}/blue.png'>]>"
    with pytest.raises(ReadError, match=r"^The drawing"):
        drawn(tmp_path / "a.svg", outside + SVG.format(40) + "<image>&x;</image>" + "</svg>".replace("svg", "sv"))


def test_references_inside_a_drawing_are_followed(tmp_path: Path) -> None:
    inside = "<defs><rect id='a' width='40' height='40' fill='url(#b)'/><linearGradient id='b'><stop stop-color='red'/>"
    inside += "</linearGradient></defs><style>.c{fill:url(#b)}</style>"
    assert shown(tmp_path / "a.svg", inside + "<use xlink:href='#a'/>") == (255, 0, 0)
    assert shown(tmp_path / "a.svg", inside + "<rect class='c' width='40' height='40'/>") == (255, 0, 0)


def doubled(element: str, times: int) -> str:
    """Named parts, each of which holds the one before ten times."""
    parts = "<g id='a0'><path d='M0 0h9v9'/></g>"
    return parts + "".join(f"<g id='a{n}'>{element.format(n - 1) * 10}</g>" for n in range(1, times))


@pytest.mark.parametrize(
    "inside",
    [
        "<g opacity='0.5'>" * 5000 + "</g>" * 5000,
        doubled("<use xlink:href='#a{}'/>", 9),
        doubled("<g mask='url(#a{})'/>", 9),
        doubled("<g style='filter: url( &quot;#a{}&quot; )'/>", 9),
        "".join(f"<g id='a{n}'><use href='#a{n + 1}'/></g>" for n in range(5000)),
        "<style>"
        + "".join(f".c{n}{{mask:url(#a{n + 1})}}" for n in range(500))
        + "</style>"
        + "".join(f"<mask id='a{n}'><g class='c{n}'/></mask>" for n in range(500)),
    ],
    ids=["nested", "used", "masks", "filters", "chain", "styles"],
)
def test_a_drawing_that_swells_is_refused(tmp_path: Path, inside: str) -> None:
    with pytest.raises(ReadError, match="made to do harm"):
        drawn(tmp_path / "a.svg", SVG.format(40) + inside + "<use xlink:href='#a8'/><g class='c0'/></svg>")


@pytest.mark.parametrize(
    "rule",
    [
        "*{mask:url(#m)} ",  # long enough in all that it is read in pieces
        ".c *{mask:url(#m)}",
        "*,.c{mask:url(#m)}",
        "/*{*/*/*}.c*/{mask:url(#m)}",
        "@media all{g{mask:url(#m)}}",
        ".c\\:x{mask:url(#m)}",
        "*{a:'}';mask:url(#m)}",
        "*{mask:url(#m)",
    ],
)
def test_rules_of_style_that_refer_to_parts_are_kept_for_classes_alone(tmp_path: Path, rule: str) -> None:
    path = tmp_path / "a.svg"
    path.write_text(f"{SVG.format(40)}<style>.a{{fill:red}}{rule * 1001}</style></svg>")
    source = read_svg(path, ReadOptions()).source
    assert ".a{fill:red}" in source
    assert "#m" not in source
    kept = "@media all{.a,rect.b , .c>.d{mask:url(#m)}g{x:y}}"
    path.write_text(f"{SVG.format(40)}<style>/* - */{kept}</style></svg>")
    assert kept.replace(">", "&gt;") in read_svg(path, ReadOptions()).source


def test_a_drawing_that_refers_to_itself_is_drawn(tmp_path: Path) -> None:
    assert shown(tmp_path / "a.svg", "<g id='a'><use href='#a'/></g><use href='#a'/>") == (255, 255, 255)


def test_bombs_in_a_drawing_are_left_out_or_refused(tmp_path: Path) -> None:
    bomb = base64.b64encode(pixel_bomb()).decode()
    assert shown(tmp_path / "a.svg", f"<image href='data:image/png;base64,{bomb}'/>") == (255, 255, 255)
    entities = "<!ENTITY a0 'haha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    with pytest.raises(ReadError, match=r"no well-formed XML"):
        drawn(tmp_path / "a.svg", f"<!DOCTYPE svg [{entities}]>" + SVG.format(9) + "<text>&a9;</text></svg>")
    with pytest.raises(ReadError, match="longer than the 64,000,000 bytes"):
        import gzip

        (tmp_path / "a.svgz").write_bytes(gzip.compress(b"<svg>" + b" " * 64_000_000))
        read_file(tmp_path / "a.svgz")


def test_a_drawing_of_any_size_fills_the_frame(tmp_path: Path) -> None:
    assert drawn(tmp_path / "a.svg", SVG.format("1e9") + "</svg>").frames[0].shape == (512, 512, 3)
    assert drawn(tmp_path / "a.svg", "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 1'/>").frames[0].shape == (
        57,
        512,
        3,
    )
