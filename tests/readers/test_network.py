"""Nothing that is read makes a request, whatever it refers to: proven by a server that nobody calls."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

import pytest

from readers import preview, read_file, sniff
from schemas import ReadError
from tests.media import clip, pdf, picture
from tests.office import docx, epub, odf, packed, pptx


class Server:
    """Listens on the loopback interface, and counts who calls."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}/x"
        self.calls: list[bytes] = []
        threading.Thread(target=self.answer, daemon=True).start()

    def answer(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                call, _ = self.socket.accept()
                with call:
                    self.calls.append(call.recv(1000))
                    call.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")


@pytest.fixture
def server() -> Iterator[Server]:
    listening = Server()
    yield listening
    # The server was there all the time: it hears of this call.
    with socket.create_connection(listening.socket.getsockname()) as call:
        call.sendall(b"GET /alive")
        assert call.recv(100).startswith(b"HTTP/1.0 404")
    listening.socket.close()
    assert listening.calls == [b"GET /alive"]


def read_all(folder: Path) -> int:
    """Read every file of a folder to its end, and show it. Returns how many could be read."""
    count = 0
    for path in sorted(folder.iterdir()):
        with suppress(ReadError):
            media = sniff(path)
            for _ in read_file(path).segments:
                pass
            preview(path, media.modality)
            count += 1
    return count


def test_drawings_and_pages_call_nobody(tmp_path: Path, server: Server) -> None:
    at = server.address
    root = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='9' height='9'>"
    for number, inside in enumerate(
        (
            f"<image width='9' height='9' xlink:href='{at}.png'/>",
            f"<image width='9' height='9' href='{at}.svg'/>",
            f"<use href='{at}.svg#a'/><rect width='9' height='9' fill='url({at}.svg#b)'/>",
            f"<filter id='f'><feImage href='{at}.png'/></filter><rect width='9' height='9' filter='url(#f)'/>",
            f"<style>@import url('{at}.css'); @font-face {{font-family: x; src: url({at}.woff)}}</style>"
            "<text font-family='x'>words</text>",
            f"<script href='{at}.js'/><foreignObject><iframe src='{at}.html'/></foreignObject>",
        )
    ):
        (tmp_path / f"{number}.svg").write_text(f"{root}{inside}</svg>")
    outside = f"<!DOCTYPE svg SYSTEM '{at}.dtd' [<!ENTITY % p SYSTEM '{at}.ent'> %p; <!ENTITY e SYSTEM '{at}.txt'>]>"
    (tmp_path / "entity.svg").write_text(f"{outside}{root}<text>&e;</text></svg>")
    (tmp_path / "entity.xml").write_text(f"<?xml version='1.0'?>{outside}<x>&e;</x>")
    (tmp_path / "page.html").write_text(
        f"<html><head><base href='{at}'><link rel=stylesheet href='{at}.css'><script src='{at}.js'></script>"
        f"<meta http-equiv=refresh content='0; url={at}'></head><body><img src='{at}.png'>"
        f"<iframe src='{at}.html'></iframe><video src='{at}.mp4'></video>words</body></html>"
    )
    assert read_all(tmp_path) >= 8


def test_playlists_and_films_call_nobody(tmp_path: Path, server: Server) -> None:
    at = server.address
    playlists = {
        "hls": f"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:5,\n{at}.ts\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{at}.mp4'\n",
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=control:{at}\nm=video 9 RTP/AVP 96\n",
        "pls": f"[playlist]\nFile1={at}.mp3\nNumberOfEntries=1\n",
        "dash": f"<?xml version='1.0'?><MPD><Period><BaseURL>{at}.mp4</BaseURL></Period></MPD>",
        "asx": f"<asx version='3.0'><entry><ref href='{at}.wmv'/></entry></asx>",
    }
    for name, text in playlists.items():
        for suffix in (name, "mp4", "mkv", "mp3", "m3u8"):
            (tmp_path / f"{name}.{suffix}").write_text(text)
    (tmp_path / "refers.mp4").write_bytes(refers_elsewhere(clip(tmp_path / "whole.mp4").read_bytes(), f"{at}.mp4"))
    (tmp_path / "said.srt").write_text(f"1\n00:00:01,000 --> 00:00:02,000\n<img src='{at}.png'> {at}\n")
    style = f"STYLE\n::cue {{ background: url({at}.png) }}"
    (tmp_path / "whole.vtt").write_text(f"WEBVTT\n\n{style}\n\n00:01.000 --> 00:02.000\nx\n")
    assert read_all(tmp_path) >= 20


def refers_elsewhere(film: bytes, address: str) -> bytes:
    """An MP4 whose pictures are said to lie at another address (a data reference that is not "in this file")."""
    entry = struct.pack(">I4sI", 12, b"url ", 1)
    at = film.index(entry)
    longer = struct.pack(">I4sI", 12 + len(address) + 1, b"url ", 0) + address.encode() + b"\0"
    data = bytearray(film[:at] + longer + film[at + len(entry) :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = data.rindex(box, 0, at) - 4
        struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + len(longer) - len(entry))
    return bytes(data)


def test_documents_call_nobody(tmp_path: Path, server: Server) -> None:
    at = server.address
    image = f'<w:p><w:r><a:blip xmlns:a="x" r:link="rId9" xmlns:r="y"/><w:t>{at}</w:t></w:r></w:p>'
    with ZipFile(docx(tmp_path / "whole.docx", [("One", "words")], inside=image)) as archive:
        files: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    link = f'<Relationship Id="rId9" Type="image" Target="{at}.png" TargetMode="External"/>'
    files["word/_rels/document.xml.rels"] = f"<Relationships>{link}</Relationships>"
    packed(tmp_path / "linked.docx", files)
    pptx(tmp_path / "a.pptx", [("One", "words", "")])  # refers to a picture elsewhere
    drawn = f'<draw:image xmlns:xlink="x" xlink:href="{at}.png"/>'
    odf(tmp_path / "a.odt", f"<office:text><text:p>{drawn}words</text:p></office:text>")
    epub(tmp_path / "a.epub", [("One", f"<img src='{at}.png'/><object data='{at}'></object>words")])
    action = f"/OpenAction << /S /URI /URI ({at}) >> /AA << /O << /S /SubmitForm /F << /FS /URL /F ({at}) >> >> >>"
    body = pdf(tmp_path / "a.pdf", ("words",)).read_bytes()
    (tmp_path / "a.pdf").write_bytes(body.replace(b"/Type /Catalog", b"/Type /Catalog " + action.encode()))
    xmp = f"<!DOCTYPE x [<!ENTITY e SYSTEM '{at}'>]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&e;</x:xmpmeta>"
    picture(tmp_path / "a.jpg", xmp=xmp.encode())
    (tmp_path / "a.xmp").write_text(xmp)
    assert read_all(tmp_path) >= 7
