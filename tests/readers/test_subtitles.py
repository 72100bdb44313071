"""Cues of SubRip and WebVTT."""

from __future__ import annotations

from readers.subtitles import Cue, clean_cue, parse_cues, spoken

SRT = """1
00:00:01,000 --> 00:00:03,500
Welcome to the <i>museum</i>,
{\\an8}Mr. &amp; Mrs. Fox.

2
01:01:00,250 --> 01:01:02,000 X1:40 X2:600
Mind the dinosaur.
"""
VTT = """WEBVTT - a title

NOTE 00:01 is no cue

STYLE
::cue { color: red }

intro
00:05.000 --> 00:07.000 align:start position:0%
<v Anna>The bells are <00:05.500><c>ringing</c>.</v>
00:08.000 --> 00:09.000
In the tower.

00:09.000 --> 00:10.000
"""


def test_subrip() -> None:
    assert parse_cues(SRT) == [
        Cue(1.0, 3.5, "Welcome to the museum, Mr. & Mrs. Fox."),
        Cue(3660.25, 3662.0, "Mind the dinosaur."),
    ]


def test_webvtt_without_its_notes_and_styles() -> None:
    assert parse_cues(VTT) == [Cue(5.0, 7.0, "The bells are ringing."), Cue(8.0, 9.0, "In the tower.")]


def test_substation_tells_the_order_of_its_fields() -> None:
    head = "[Script Info]\nTitle: x\n[V4+ Styles]\nFormat: Name, Fontname\n[Events]\n"
    text = head + "Format: Start, End, Style, Text\nComment: 0:00:00.00,0:00:01.00,D,no\n"
    text += "Dialogue: 0:00:01.00,1:00:02.50,D,{\\pos(1,2)}Yes,\\Nsaid he.\nDialogue: broken\n"
    assert parse_cues(text) == [Cue(1.0, 3602.5, "Yes, said he.")]
    assert parse_cues(head + "Dialogue: 0,0:00:01.00,0:00:02.00,no format\n") == []


def test_lines_of_lyrics_end_with_the_next_and_may_be_sung_again() -> None:
    text = "[ar:The Owls]\n[00:01.50][00:20]Row <00:02.00>the boat\n[00:04.00]Down\n[01:00.00]\n"
    assert parse_cues(text) == [
        Cue(1.5, 4.0, "Row the boat"),
        Cue(4.0, 14.0, "Down"),
        Cue(20.0, 30.0, "Row the boat"),
    ]


def test_words_of_a_stretch_are_those_of_the_cues_in_it() -> None:
    cues = [Cue(0, 2, "one"), Cue(2, 4, "two"), Cue(3, 5, "two"), Cue(5, 6, "three")]
    assert spoken(cues, 0, 2) == "one"
    assert spoken(cues, 1.9, 4.5) == "one two"  # rolling captions repeat themselves
    assert spoken(cues, 6, 9) == ""


def test_markup_of_advanced_substation_goes() -> None:
    assert clean_cue("{\\pos(1,2)}First\\Nsecond\\hthird <b>fourth</b>") == "First second third fourth"


def test_no_cues_in_other_texts() -> None:
    assert parse_cues(f"{'9' * 5000}:00:01,000 --> 00:00:02,000\nlong ago\n") == []
    assert parse_cues("Just words -->\n\n12:00 --> noon") == []
