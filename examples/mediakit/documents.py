"""A dozen short documents about different things, and a PDF written by hand."""

from __future__ import annotations

from pathlib import Path

DOCUMENTS: dict[str, str] = {
    "texts/recipes/lentil-soup.md": """# Lentil soup

For four people: 300 g red lentils, two carrots, one onion, a piece of ginger, a tin of tomatoes, cumin, a lemon.

1. Fry the chopped onion with ginger and a spoonful of cumin until it smells of a bazaar.
2. Add carrots, lentils, tomatoes and a litre of water. Simmer for twenty minutes.
3. Blend half of it, season with salt and lemon juice, and serve with flat bread.
""",
    "texts/recipes/sourdough.txt": """Sourdough bread

Feed the starter the evening before. In the morning mix 500 g of flour, 350 g of water, 100 g of starter and 10 g of
salt. Fold the dough every half hour, four times. Let it rise until it has grown by half, shape a loaf, and leave it in
the fridge overnight. Bake in a hot pot at 240 degrees: 25 minutes with the lid on, 20 minutes without.
""",
    "texts/museum/coin-hoard.html": """<!doctype html>
<html lang="en"><head><title>Room 3: the coin hoard</title></head>
<body><h1>Room 3: the coin hoard</h1>
<p>The silver coins in this case were found in a clay jar under the floor of a fuller's workshop. Most were struck in
the second century before Christ; the youngest tells us when the owner hid his savings and never came back.</p>
<p>Look for the owl of Athens, the dolphin rider, and a forgery: a bronze core with a thin skin of silver.</p>
</body></html>
""",
    "texts/museum/guestbook.txt": """Guest book, harbour museum

"We came because of the rain and stayed for three hours. The children loved the diving bell."
"The model of the paddle steamer is a marvel. Please repair the lift."
"My grandfather worked in this very crane. Thank you for keeping it."
""",
    "texts/science/how-volcanoes-work.md": """# How volcanoes work

A volcano is an opening in the crust of the Earth through which molten rock, ash and gas escape. The molten rock is
called magma as long as it is underground, and lava once it has reached the surface.

## Why magma rises

Hot rock is less dense than the cold rock around it. It gathers in a chamber a few kilometres down. Gas dissolved in it
behaves as in a bottle of soda: when the pressure drops, bubbles form, and the mixture is driven up through the vent.

## Kinds of eruption

Thin, runny basalt flows quietly and builds broad shields. Thick, sticky magma traps its gas until it explodes, throws
ash into the stratosphere and builds steep cones.
""",
    "texts/science/birds-of-the-reedbed.txt": """Field notes, reed bed, 4 May

05:10  Still dark. A bittern booms twice, far off. Temperature 6 degrees, no wind.
05:40  Reed warblers start to sing. Counted eleven males along the dyke.
06:15  A marsh harrier quarters the reeds, chased by two lapwings with young.
07:00  Bearded tits, at least five, feeding on the seed heads. Rings read on two of them.
08:20  Sun up, a flight of cranes: 42, heading north-east.
""",
    "texts/science/night-sky-in-august.md": """# The night sky in August

Around the twelfth of the month the Earth crosses the dust of comet Swift-Tuttle: the Perseids. Lie down in a dark
place after midnight, give your eyes twenty minutes, and count one shooting star a minute. The Milky Way stands high;
in Sagittarius, low in the south, you look towards the centre of the galaxy. Saturn rises at dusk.
""",
    "texts/office/espresso-machine.html": """<!doctype html>
<html lang="en"><head><title>Product sheet: Aria 2 espresso machine</title></head>
<body><h1>Aria 2 espresso machine</h1>
<ul><li>Boiler: stainless steel, 1.8 litres</li><li>Pump pressure: 9 bar, adjustable</li>
<li>Power: 1450 W at 230 V</li><li>Weight: 14 kg</li><li>Warranty: three years</li></ul>
<p>Two groups of holes in the steam wand make dense milk foam in half a minute. Descale every three months.</p>
</body></html>
""",
    "texts/office/meeting-minutes.txt": """Minutes, 3 March

Present: Ada, Bruno, Chen, Dunja.
1. Budget. The printer will be leased, not bought. Bruno asks for two more offers until Friday.
2. Office move. The lease of the new rooms begins in June; Chen draws a plan of the desks.
3. Any other business. The plants need water when Dunja is on leave.
""",
    "texts/medicine/chest-x-ray.txt": """Chest X-ray, two views (invented for this collection: no real patient)

Clinical question: cough for three weeks, exclude pneumonia.
Findings: The heart is of normal size. Patchy opacity in the right lower lobe with an air bronchogram. No pleural
effusion, no pneumothorax. The bony thorax is intact.
Impression: Right lower lobe pneumonia. Follow-up after treatment is advised.
""",
    "texts/letters/from-the-lighthouse.txt": """Dear Marta,

the storm has lasted four days. I climb the hundred and twelve steps to the lamp every evening and write down the ships
that pass; yesterday there was not one. The waves reach the first gallery. I have bread, tea and your books, and the cat
sleeps in the oilskin. When the sea is calm again the boat will bring this letter.

Yours, Elias
""",
}

MANUAL = (
    "Caring for your bicycle",
    "Clean the chain every two weeks in winter and once a month in summer.",
    "Wipe it with a rag, brush the sprockets, then put one drop of oil on each link.",
    "Check the brake pads: if the grooves can no longer be seen, replace them.",
    "Pump the tyres to the pressure that is printed on their side.",
    "A flat tyre: take the wheel off, find the hole under water by its bubbles,",
    "roughen the rubber, spread the glue, wait five minutes, press the patch on.",
)


def save(folder: Path) -> None:
    """Writes all documents below `folder`."""
    for path, text in DOCUMENTS.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "texts/office/bicycle-manual.pdf").write_bytes(pdf(MANUAL))


def pdf(lines: tuple[str, ...]) -> bytes:
    """A PDF of one page with these lines (Latin-1); the first is its title."""
    shown = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines]
    rest = " ".join(f"({line}) Tj T*" for line in shown[1:])
    page = f"BT /F1 20 Tf 72 760 Td ({shown[0]}) Tj /F1 12 Tf 0 -36 Td 18 TL {rest} ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(page.encode('latin-1'))} >>\nstream\n{page}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        f"<< /Title ({shown[0]}) >>",
    )
    body = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    return body + (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R /Info 6 0 R >>\n"
        f"startxref\n{len(body)}\n%%EOF\n"
    ).encode("latin-1")
