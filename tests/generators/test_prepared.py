"""Prepared sets as values and as files: nothing is lost, and what is damaged is said in one sentence."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jamtui.generators.prepared import Chorus, PreparedError, PreparedSet, from_plain, to_plain
from jamtui.generators.prepared_files import PreparedFiles
from jamtui.music.chart import Chart, parse_chart
from jamtui.music.meter import METERS
from jamtui.music.phrase import Note, Role
from tests.generators.asking import CHARTS
from tests.generators.briefs import brief_for

CHART = parse_chart("Dm7 | G7 | Cmaj7 | A7")
NOTES = tuple((Note(n * 480, 60 + n, 480, 90),) for n in range(4))


def a_set(*choruses: tuple[tuple[Note, ...] | None, ...], chart: Chart = CHART) -> PreparedSet:
    made = tuple(Chorus(Role.LEAD, "qwen3:1.7b", n, bars) for n, bars in enumerate(choruses))
    return PreparedSet(chart, "swing", 120.0, made)


@st.composite
def sets(draw: st.DrawFn) -> PreparedSet:
    meter = draw(st.sampled_from(sorted(CHARTS)))
    chart = parse_chart(CHARTS[meter], METERS[meter])
    chart = replace(chart, title=draw(st.text(max_size=20)))
    note = st.builds(
        Note,
        onset=st.integers(0, chart.meter.bar_ticks - 1),
        pitch=st.integers(0, 127),
        duration=st.integers(1, 4000),
        velocity=st.integers(1, 127),
        residual=st.integers(-60, 60),
    )
    bar = st.none() | st.lists(note, max_size=4).map(tuple)
    count = len(chart.bars)
    chorus = st.builds(
        Chorus,
        role=st.sampled_from([Role.LEAD, Role.BASS, Role.COMP]),
        model=st.text(max_size=10),
        seed=st.integers(0, 1 << 60),
        bars=st.lists(bar, min_size=count, max_size=count).map(tuple),
    )
    choruses = tuple(draw(st.lists(chorus, max_size=3)))
    return PreparedSet(chart, draw(st.sampled_from(["swing", "my style"])), 132.5, choruses)


@given(sets())
def test_a_set_comes_back_from_its_plain_form(prepared: PreparedSet) -> None:
    again = from_plain(json.loads(json.dumps(to_plain(prepared))))
    assert again == prepared
    assert again.chart.name == prepared.chart.name


@given(st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda s: st.lists(s) | st.dictionaries(
    st.sampled_from(["version", "meter", "chords", "title", "choruses", "style", "tempo"]), s)))  # fmt: skip
def test_anything_else_is_refused_in_words(plain: object) -> None:
    with pytest.raises(PreparedError, match=r"damaged|newer"):
        from_plain(plain)


@given(sets(), st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_file_that_was_cut_short_never_costs_more_than_itself(
    prepared: PreparedSet, data: st.DataObject
) -> None:
    text = json.dumps(to_plain(prepared))
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        plain = json.loads(cut)
    except ValueError:
        return
    with pytest.raises(PreparedError):
        from_plain(plain)


def test_choruses_are_played_in_turn() -> None:
    first, second = NOTES, tuple(reversed(NOTES))
    prepared = a_set(first, second)
    played = [prepared.bar(Role.LEAD, n) for n in range(12)]
    assert played == [*first, *second, *first]
    assert prepared.bar(Role.BASS, 0) is None


def test_only_where_style_meter_and_chords_are_those_of_the_chart() -> None:
    prepared = a_set(NOTES)
    assert prepared.notes_for(brief_for(0), 0) == NOTES[0]
    assert prepared.notes_for(brief_for(5), 1) == NOTES[2]
    assert prepared.notes_for(brief_for(0, style="funk"), 0) is None
    assert prepared.notes_for(brief_for(0, loop=("Dm7", "Db7", "Cmaj7", "A7")), 1) is None
    assert prepared.notes_for(brief_for(0, forecast_bars=0), 1) == NOTES[1]
    assert prepared.notes_for(brief_for(0), 20) is None, "nothing is known so far ahead"


def test_a_chorus_takes_the_place_of_an_older_one_of_its_role() -> None:
    bass = Chorus(Role.BASS, "m", 5, NOTES)
    prepared = replace(a_set(NOTES, NOTES), choruses=(*a_set(NOTES, NOTES).choruses, bass))
    new = Chorus(Role.LEAD, "m", 9, tuple(reversed(NOTES)))
    changed = prepared.with_chorus(1, new)
    assert changed.of(Role.LEAD) == (prepared.of(Role.LEAD)[0], new)
    assert changed.of(Role.BASS) == (bass,)
    assert prepared.with_chorus(2, new).of(Role.LEAD)[2] == new


def test_files_are_found_by_chords_and_style_whatever_the_title(tmp_path: Path) -> None:
    files = PreparedFiles(tmp_path / "sets")
    titled = a_set(NOTES, chart=replace(CHART, title="Two Five, One!"))
    path = files.save(titled)
    assert path.name == f"two-five-one-{CHART.name}-swing.json"
    assert files.load(CHART, "swing") == titled
    assert files.load(CHART, "funk") is None
    files.save(replace(a_set(NOTES, NOTES), style="funk"))
    assert files.save(a_set(NOTES, NOTES)) == path, "the song keeps its file"
    assert [f.prepared is not None for f in files.list()] == [True, True]
    assert not [p for p in (tmp_path / "sets").iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize(
    "name", ["Two Five", CHART.name, f"Two Five {CHART.name}", f"two-five-{CHART.name}-swing"]
)
def test_a_set_is_forgotten_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    files = PreparedFiles(tmp_path)
    other = parse_chart("Fm7 | Bb7")
    files.save(a_set(NOTES, chart=replace(CHART, title="Two Five")))
    kept = files.save(a_set(NOTES[:2], chart=other))
    assert len(files.forget(name)) == 1
    assert [f.path for f in files.list()] == [kept]
    with pytest.raises(PreparedError, match="--list"):
        files.forget(name)


def test_one_style_may_be_forgotten_and_a_name_that_fits_two_charts_is_asked_back(tmp_path: Path) -> None:
    files = PreparedFiles(tmp_path)
    for style in ("swing", "funk"):
        files.save(replace(a_set(NOTES, chart=replace(CHART, title="Tune")), style=style))
    files.save(a_set(NOTES[:2], chart=replace(parse_chart("Fm7 | Bb7"), title="Tune")))
    with pytest.raises(PreparedError, match="several"):
        files.forget("tune")
    assert len(files.forget(CHART.name, "funk")) == 1
    assert len(files.list()) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "damaged"),
        ("[" * 100_000, "damaged"),
        ('{"version": 1}', "damaged"),
        ('{"version": 2}', "newer jamtui; update"),
        ("\x00", "damaged"),
    ],
)
def test_a_file_that_is_no_set_is_said_in_one_sentence_and_can_be_forgotten(
    tmp_path: Path, text: str, says: str
) -> None:
    files = PreparedFiles(tmp_path)
    path = files.save(a_set(NOTES))
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PreparedError, match=says) as caught:
        files.load(CHART, "swing")
    assert "jamtui prepare --forget" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert files.list()[0].problem == str(caught.value)
    assert files.forget(CHART.name) == (path,)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(PreparedError, match="cannot be written"):
        PreparedFiles(tmp_path / "file" / "sets").save(a_set(NOTES))
