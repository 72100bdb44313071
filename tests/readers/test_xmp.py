"""XMP packets."""

from __future__ import annotations

from readers.xmp import parse_xmp

HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
)
TAIL = '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
PACKET = (
    HEAD + ' photoshop:Headline="At the harbour">'
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Red boat</rdf:li><rdf:li xml:lang="de">Rotes Boot</rdf:li>'
    "</rdf:Alt></dc:title><dc:description><rdf:Alt><rdf:li>A boat &amp; a gull\n at noon</rdf:li></rdf:Alt>"
    "</dc:description><dc:subject><rdf:Bag><rdf:li>boat</rdf:li><rdf:li>gull</rdf:li></rdf:Bag></dc:subject>"
    "<dc:creator><rdf:Seq><rdf:li>Somebody</rdf:li></rdf:Seq></dc:creator>" + TAIL
)


def test_title_description_and_keywords_are_taken() -> None:
    words = parse_xmp(PACKET.encode() + bytes(20))
    assert words is not None
    assert words.lines == {
        "headline": "At the harbour",
        "title": "Red boat",
        "description": "A boat & a gull at noon",
    }
    assert words.tags == ["boat", "gull"]


def test_entities_are_refused_before_they_swell() -> None:
    bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
    assert parse_xmp((bomb + PACKET.replace("Red boat", "&b;")).encode()) is None
    outside = '<!DOCTYPE x SYSTEM "file:///etc/passwd">'
    assert parse_xmp((outside + PACKET).encode()) is None


def test_what_is_not_well_formed_is_none() -> None:
    assert parse_xmp(PACKET.encode()[:-30]) is None
    assert parse_xmp(b"") is None
    assert parse_xmp(b"\xff\xfe\x00") is None
