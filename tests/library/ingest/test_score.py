"""MusicXML, MXL and ABC, through music21."""

import io
import zipfile
from pathlib import Path

import pytest

from jamtui.library.ingest.files import analyse_bytes
from jamtui.library.ingest.score import read_score
from jamtui.library.ingest.song import RefusedError
from jamtui.library.ingest.walk import Item

ABC = """X:1
T:Written for a test
M:4/4
L:1/8
K:G
D2|"G"G2B2 d2B2|"Am"c2A2 "D7"F4|"G"GABc d2e2|"C"e2c2 "D7"A2F2|"G"G6z2||
"""

NOTE = (
    "<note><pitch><step>{0}</step><octave>{1}</octave></pitch><duration>1</duration>"
    "<type>quarter</type>{2}</note>"
)
HARMONY = "<harmony><root><root-step>{0}</root-step></root><kind>{1}</kind></harmony>"


def musicxml() -> str:
    """Two bars after a pickup, with chord symbols and a tie across the bar line."""
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    bars = [
        '<measure number="0" implicit="yes"><attributes><divisions>1</divisions><key><fifths>0</fifths></key>'
        "<time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef>"
        "</attributes>" + NOTE.format("G", 4, "") + "</measure>",
        '<measure number="1">'
        + HARMONY.format("C", "major-seventh")
        + "".join(NOTE.format(step, 5, "") for step in "CDE")
        + NOTE.format("G", 5, start)
        + "</measure>",
        '<measure number="2">'
        + HARMONY.format("G", "dominant")
        + NOTE.format("G", 5, stop)
        + "".join(NOTE.format(step, 5, "") for step in "FED")
        + "</measure>",
    ]
    return (
        '<?xml version="1.0"?><score-partwise version="4.0"><work><work-title>Test</work-title></work>'
        '<part-list><score-part id="P1"><part-name>Voice</part-name></score-part></part-list>'
        f'<part id="P1">{"".join(bars)}</part></score-partwise>'
    )


def mxl(inside: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        box.writestr("META-INF/container.xml", "<container/>")
        box.writestr("score.xml", inside)
    return out.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_musicxml(compressed: bool) -> None:
    text = musicxml()
    data, suffix = (mxl(text), ".mxl") if compressed else (text.encode(), ".musicxml")
    song = read_score(data, suffix, "file")
    assert song.title == "Test"
    assert [v.name for v in song.voices] == ["Voice"]
    # The tied note is one; the pickup comes before the first bar line at 960.
    assert [(n.onset, n.pitch, n.duration) for n in song.voices[0].notes][:2] == [
        (0, 67, 960),
        (960, 72, 960),
    ]
    assert (3840, 79, 1920) in [(n.onset, n.pitch, n.duration) for n in song.voices[0].notes]
    assert [(t, c.symbol) for t, c in song.symbols] == [(960, "Cmaj7"), (4800, "G7")]
    assert song.meters[-1].tick == 960
    found = analyse_bytes(data, Item(Path(f"x{suffix}")))
    assert [r.first_bar for r in found.phrases if r.phrase.bars == 2] == [0]
    assert [s.chord.symbol for s in found.phrases[0].phrase.chords] == ["Cmaj7", "G7"][
        : found.phrases[0].phrase.bars
    ]


def test_abc() -> None:
    found = analyse_bytes(ABC.encode(), Item(Path("tune.abc")))
    assert found.source.refused == ""
    assert found.source.title == "Written for a test"
    chords = {s.chord.symbol for r in found.phrases for s in r.phrase.chords}
    assert chords == {"G", "Am", "D7", "C"}
    assert {r.phrase.role.value for r in found.phrases} == {"lead"}


def test_a_book_of_tunes_is_read_to_its_end() -> None:
    second = ABC.replace("X:1", "X:2").replace("Written", "Also written")
    found = analyse_bytes((ABC + "\n" + second).encode(), Item(Path("tunes.abc")))
    assert max(r.first_bar for r in found.phrases) > 10


LAUGHS = """<?xml version="1.0"?><!DOCTYPE score-partwise [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
<!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;">
]><score-partwise><work><work-title>&g;&g;&g;</work-title></work></score-partwise>"""


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (b"", ".musicxml"),
        (b"<html></html>", ".xml"),
        (b"<score-partwise>", ".musicxml"),
        (LAUGHS.encode(), ".musicxml"),
        (b"PK\3\4nothing", ".mxl"),
        (b"not music", ".abc"),
        (b"X:1\nT:empty\nK:C\n", ".abc"),
        (b'<?xml version="1.0"?><score-partwise><part-list/></score-partwise>', ".musicxml"),
    ],
)
def test_what_is_no_score_is_refused(data: bytes, suffix: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        read_score(data, suffix, "file")
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 200
