"""Charts from files of other programs, and what is said of files that are none."""

import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import MusicError
from jamtui.library.chart_file import chart_page, read_chart_file, read_chart_text
from jamtui.music.chart import Chart, parse_chart
from jamtui.music.meter import METERS


def bars(chart: Chart) -> list[str]:
    return chart.text.split(" | ")


def open_link(music: str, title: str = "A Tune") -> str:
    return f"irealbook://{quote(title)}=Somebody=Swing=C=n={quote(music)}"


def hidden_link(music: str, title: str = "A Tune") -> str:
    """The same as the program exports it: swapping twice gives the first again."""
    text = music.replace("   ", "XyQ").replace(" |", "LZ")
    found = ""
    while len(text) > 51:
        part = list(text[:50])
        text = text[50:]
        for n in (*range(5), *range(10, 24)):
            part[n], part[49 - n] = part[49 - n], part[n]
        found += "".join(part)
    return f"irealb://{quote(title)}=Somebody==Swing=C==1r34LbKcu7{quote(found + text)}=Jazz=120=3"


LONG = (
    "*A{T44C^7   |A-7 D7 |G-9   |C7 C7b9 |F^7   |Bb7   |N1E-7   |A7alt   }"
    "|N2C^7   |G7sus   ]*B[Ah7   |Do7   Z "
)
PLAYED = [
    *["Cmaj7", "Am7 D7", "Gm9", "C7 C7b9", "Fmaj7", "Bb7", "Em7", "A7alt"],
    *["Cmaj7", "Am7 D7", "Gm9", "C7 C7b9", "Fmaj7", "Bb7", "Cmaj7", "G7sus4"],
    *["Am7b5", "Ddim7"],
]


@pytest.mark.parametrize("link", [open_link, hidden_link])
def test_ireal_repeats_and_endings_are_played_out(link: object) -> None:
    chart = read_chart_text(link(LONG))  # type: ignore[operator]
    assert bars(chart) == PLAYED
    assert chart.title == "A Tune"


def test_an_exported_page_gives_its_first_song() -> None:
    page = f'<html><body><h3>List</h3><a href="{hidden_link(LONG, "One & only")}">One</a></body></html>'
    chart = read_chart_text(page.replace("&", "&amp;"))
    assert chart.title == "One & only"
    assert bars(chart) == PLAYED


@pytest.mark.parametrize(
    ("music", "played"),
    [
        ("T34C^7 |x |D-7 |G7 Z", ["Cmaj7", "Cmaj7", "Dm7", "G7"]),
        ("T44C |F |r|G Z", ["C", "F", "C", "F", "G"]),
        ("T44C,p,p,F |W/E |n |(A7)D-7 Z", ["C . . F", "F/E", "N.C.", "Dm7"]),
        ("T44{SC |QF |G |<D.S. al Coda>A }Z[QD |E Z", [*"CFGA", *"CFGA", "C", "D", "E"]),
        ("T44[C |F<Fine> |G |<D.C. al Fine>A Z", ["C", "F", "G", "A", "C", "F"]),
        ("T44*i[C |*A{<3x>F |G }Z", ["C", "F", "G", "F", "G", "F", "G"]),
        ("T24C |G |F |G Z", ["C G", "F G"]),
        ("T44Y{lC |s<some words>Gf }U", ["C", "G", "C", "G"]),
    ],
)
def test_ireal_signs(music: str, played: list[str]) -> None:
    assert bars(read_chart_text(open_link(music))) == played


GRID = """# a remark
{title: Grid Tune}
{time: 3/4}
{start_of_grid}
|: Am . . | C . E7 |1 Dm . . :|2 G7 . . | % ||
{end_of_grid}
"""

WORDS = """{t: Word Tune}
{soc}
Oh [C]say can [G7/B]you [*softly]see
{eoc}
By the [Am]dawn's
{chorus}
"""


def test_chordpro() -> None:
    chart = read_chart_text(GRID)
    assert chart.title == "Grid Tune"
    assert chart.meter == METERS["3/4"]
    assert bars(chart) == ["Am", "C E7", "Dm", "Am", "C E7", "G7", "G7"]
    words = read_chart_text(WORDS, METERS["6/8"])
    assert words.meter == METERS["6/8"]
    assert bars(words) == ["C", "G7/B", "Am", "C", "G7/B"]


def harmony(step: str, kind: str, alter: int = 0, offset: int = 0, more: str = "") -> str:
    return (
        f"<harmony><root><root-step>{step}</root-step><root-alter>{alter}</root-alter></root>"
        f"<kind>{kind}</kind>{more}{f'<offset>{offset}</offset>' if offset else ''}</harmony>"
    )


NOTE = "<note><rest/><duration>4</duration><type>whole</type></note>"
MUSICXML = f"""<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1"><work><work-title>Xml Tune</work-title></work>
<part-list><score-part id="P1"><part-name>M</part-name></score-part></part-list>
<part id="P1">
<measure number="1"><attributes><divisions>1</divisions>
<time><beats>4</beats><beat-type>4</beat-type></time></attributes>
<barline location="left"><repeat direction="forward"/></barline>
{harmony("B", "major-seventh", -1)}{NOTE}</measure>
<measure number="2">{harmony("C", "minor-seventh")}{harmony("F", "dominant", 0, 2)}{NOTE}
<barline location="right"><repeat direction="backward"/></barline></measure>
<measure number="3">{harmony("G", "half-diminished")}{NOTE}</measure>
<measure number="4">{harmony("E", "major", -1, 0, "<bass><bass-step>G</bass-step></bass>")}{NOTE}</measure>
<measure number="5">{NOTE}</measure>
</part></score-partwise>"""
XML_BARS = ["Bbmaj7", "Cm7 F7", "Bbmaj7", "Cm7 F7", "Gm7b5", "Eb/G", "Eb/G"]


def test_musicxml_plain_and_compressed(tmp_path: Path) -> None:
    plain = tmp_path / "tune.musicxml"
    plain.write_text(MUSICXML, encoding="utf-8")
    chart = read_chart_file(plain)
    assert (chart.title, bars(chart)) == ("Xml Tune", XML_BARS)
    packed = tmp_path / "tune.mxl"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            '<container><rootfiles><rootfile full-path="tune.xml"/></rootfiles></container>',
        )
        archive.writestr("tune.xml", MUSICXML)
    assert bars(read_chart_file(packed)) == XML_BARS


def test_a_page_is_read_back_as_the_same_chart(tmp_path: Path) -> None:
    for name, text in (("a.cho", GRID), ("b.html", hidden_link(LONG))):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert parse_chart(chart_page(path)) == read_chart_file(path)


def test_plain_bars_keep_their_wording_and_take_the_meter_that_is_played(tmp_path: Path) -> None:
    path = tmp_path / "My blues.txt"
    path.write_text("C7 | F7 | C7 | %\n", encoding="utf-8")
    page = chart_page(path)
    assert page == "title: My blues\nC7 | F7 | C7 | %\n"
    assert parse_chart(page, METERS["3/4"]).meter == METERS["3/4"]
    path.write_text("title: Other\nmeter: 5/4\n// a remark\nC7 | F7", encoding="utf-8")
    chart = parse_chart(chart_page(path))
    assert (chart.title, chart.meter.name, len(chart.bars)) == ("Other", "5/4", 2)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b"Dm7 | Hx9 | C", "Bar 2"),
        ("a.txt", b"meter: 13/8\nC | D", "13/8"),
        ("a.txt", b"\x00\x01\x02MThd", "no chart"),
        ("a.cho", b"{title: x}\nno chords here\n", "no chords"),
        ("a.cho", b"{sog}\nC . G .\n{eog}\n", "bar lines"),
        ("a.html", b"irealb://Tune=Nobody==Swing=C==", "no chart"),
        ("a.html", b"irealbook://T=N=S=C=n=T44|Z", "no chords"),
        ("a.html", b"irealbook://T=N=S=C=n=T74C |D Z", "7/4"),
        ("a.musicxml", b"<score-partwise><part-list/></score-partwise>", "a.musicxml"),
        ("a.musicxml", b"not xml at all", "no MusicXML"),
        ("a.mxl", b"PK\x03\x04 broken", "a.mxl"),
    ],
)
def test_bad_files_are_said_in_a_sentence(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MusicError) as caught:
        read_chart_file(path)
    text = str(caught.value)
    assert says in text
    assert text.startswith(name)
    assert "\n" not in text
    with pytest.raises(MusicError, match="cannot be read"):
        read_chart_file(tmp_path / "missing.txt")


@given(st.text(alphabet="ABCDEFGb#^-7h|[]{}ZNSQTxrpnW123/<>(),* lYs", max_size=120))
def test_any_ireal_text_gives_a_chart_or_a_sentence(music: str) -> None:
    try:
        chart = read_chart_text(open_link(music))
    except MusicError:
        return
    assert chart.bars
    assert parse_chart(chart.page) == chart


@given(st.text(max_size=200))
def test_any_text_gives_a_chart_or_a_sentence(text: str) -> None:
    try:
        assert read_chart_text("{title: x}\n" + text).bars
    except MusicError:
        return
