"""A document of every kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.office import make_office


def pdf(path: Path, pages: Sequence[str] = ("First page.", "Second page."), title: str = "A paper") -> Path:
    """A PDF with a line of text for each line of each page; "" makes a page without text."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        shown = "".join(f"({line.translate(_ESCAPES)}) Tj T* " for line in text.split("\n") if line)
        content = f"BT /F1 12 Tf 14 TL 40 780 Td {shown}ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    objects.append(f"<< /Title ({title.translate(_ESCAPES)}) >>")
    body, offsets = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    body += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    ).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


_ESCAPES = {ord("("): "\\(", ord(")"): "\\)", ord("\\"): "\\\\"}

TEXTS = {
    "note.txt": "The lighthouse keeper climbs the stairs at dusk.\n",
    "story.md": "# The harbour\n\nA red boat lies in the harbour.\n\n# The mountain\n\nSnow covers the summit.\n",
    "page.html": "<html><head><title>Trains</title><style>p{}</style></head><body><h1>Trains</h1>"
    "<p>A steam train crosses the bridge.</p><script>var hidden = 1;</script></body></html>",
    "data.json": json.dumps({"title": "Recipe", "steps": ["Peel the apples.", "Bake for an hour."], "count": 2}),
    "talk.srt": "1\n00:00:01,000 --> 00:00:03,500\nWelcome to the <i>museum</i>.\n\n"
    "2\n00:01:00,000 --> 00:01:02,000\nMind the dinosaur.\n",
    "song.lrc": "[ti:Sea]\n[00:01.50]Row the boat\n[00:04.00]Down the stream\n",
    "film.ass": "[Script Info]\nTitle: x\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.50,Default,{\\i1}Good evening{\\i0}, all.\n",
    "memo.rtf": "{\\rtf1\\ansi{\\fonttbl{\\f0 Times;}}{\\info{\\title A memo}}"
    "\\f0 The caf\\'e9 opens.\\par Bring \\b cake\\b0 .}",
    "hello.eml": "From: Ann <ann@example.org>\nTo: Ben\nSubject: =?utf-8?q?K=C3=A4se?=\n\nThe cheese has come.\n",
    "saved.mhtml": "Snapshot-Content-Location: https://x.example/\nSubject: Boats\nMIME-Version: 1.0\n"
    'Content-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html\n'
    "Content-Transfer-Encoding: quoted-printable\n\n<h1>Boats</h1><p class=3D'x'>They float.</p>\n"
    "--b\nContent-Type: image/png\nContent-Location: https://x.example/a.png\n\nxyz\n--b--\n",
    "box.mbox": "".join(
        f"From ann@example.org Mon Jan  1 00:00:00 2024\nSubject: Letter {n}\n\nThe {thing} has come.\n\n"
        for n, thing in enumerate(("boat", "train"), 1)
    ),
    "talk.vtt": "WEBVTT\n\n00:05.000 --> 00:07.000\nThe bells are ringing.\n",
}


def make_texts(folder: Path) -> dict[str, Path]:
    """A document of each kind, by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / name for name in TEXTS}
    for name, text in TEXTS.items():
        files[name].write_text(text, encoding="utf-8")
    files["paper.pdf"] = pdf(folder / "paper.pdf", ("The whale swims north.", "", "The eagle flies south."))
    return files | make_office(folder)
