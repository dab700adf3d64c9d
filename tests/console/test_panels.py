"""Panels: always exactly their rectangle, and they say what they must."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.console.frame import Drawer, Frame
from jamtui.console.inks import Inks, bright_inks, colour_inks, plain_inks
from jamtui.console.keys import Keymap
from jamtui.console.layout import arrange
from jamtui.console.line import Row
from jamtui.console.news import Age, Told
from jamtui.console.pads import Pads
from jamtui.console.panels.header import elapsed
from jamtui.console.panels.hits import MOVED, tiny_roll
from jamtui.console.panels.roll import GUTTER, Window, paint_lanes, paint_roll
from jamtui.console.panels.table import PANELS
from jamtui.session.snapshot import Event, GaugeView, NextChord, Roll, RollNote, Snapshot, SourceView
from tests.console.fakes import FakeBand, comp_solo, in_meter, no_input, stopped

Change = Callable[[Snapshot], Snapshot]


NAMES = ("reflex", "library", "model")
GET_IT = "Get it: ollama.com, then `jamtui llm pull qwen3:1.7b`"


def make_frame(change: Change | None = None, *, at: float = 33.2, **fields: object) -> Frame:
    band = FakeBand(lambda: at)
    if change is not None:
        band.change = change
    snapshot = band.latest()
    assert snapshot is not None
    frame = Frame(
        snapshot=snapshot,
        rolls=band.rolls(),
        gauges=snapshot.gauges,
        tick=snapshot.tick,
        link="connected",
        link_detail="",
        events=(),
        pads=None,
        keys=Keymap().hints,
        roll_role="lead",
        drawer=Drawer.NONE,
        cursor=0,
        scroll=0,
        soon=False,
        quitting=False,
        version="0",
        inks=colour_inks(),
    )
    return replace(frame, **fields)  # type: ignore[arg-type] # any fields of Frame


def text(rows: list[Row]) -> str:
    return "\n".join("".join(s.text for s in row) for row in rows)


def paint(panel: str, frame: Frame, width: int = 120, height: int = 12) -> str:
    return text(PANELS[panel].paint(frame, width, height))


NOTHING: Change = lambda s: replace(  # noqa: E731 # a value of the table below, beside the named ones
    s, roles=(), hits=(), sources=(), styles=(), ports_in=(), next_chords=(), gauges=GaugeView(), inputs=()
)
CHANGES: tuple[Change | None, ...] = (None, stopped, no_input, in_meter("7/8"), in_meter("6/8"), NOTHING)


@given(
    st.integers(1, 230),
    st.integers(1, 70),
    st.sampled_from(CHANGES),
    st.sampled_from(list(Drawer)),
    st.sampled_from(["lead", "bass", "comp", "drums"]),
    st.booleans(),
)
def test_every_panel_fills_its_rectangle(
    width: int, height: int, change: Change | None, drawer: Drawer, role: str, plain: bool
) -> None:
    inks = plain_inks() if plain else colour_inks()
    pads = Pads().view() if plain else None
    frame = make_frame(change, drawer=drawer, roll_role=role, inks=inks, pads=pads)
    for place in arrange(width, height, drawer):
        rows = PANELS[place.panel].paint(frame, place.width, place.height)
        assert len(rows) == place.height, place
        for row in rows:
            assert sum(s.cell_length for s in row) == place.width, place


def test_before_the_first_snapshot_all_panels_paint() -> None:
    frame = make_frame(snapshot=None, rolls={}, gauges=GaugeView(), tick=0.0, link="connecting")
    for name in PANELS:
        paint(name, frame)
    assert "starting the band" in paint("chord", frame, 60, 9)
    assert "starting the band" in paint("status", frame, 80, 1)


@pytest.mark.parametrize("beat", [1, 2, 3, 4])
def test_the_lit_beat(beat: int) -> None:
    start = make_frame().bar_tick
    frame = make_frame(tick=start + (beat - 1) * 960 + 10.0)
    row = paint("beat", frame, 80, 1)
    quarter = 20
    lit = row[(beat - 1) * quarter : beat * quarter]
    assert str(beat) in lit
    assert ("◆" in lit) == (beat == 1)
    assert sum(c.isdigit() for c in row) == 1


def test_beats_of_seven_eight_are_groups() -> None:
    frame = make_frame(in_meter("7/8"))
    start = frame.bar_tick
    beats = [replace(frame, tick=start + t).beat for t in (0, 950, 960, 1919, 1920, 3300)]
    assert beats == [1, 1, 2, 2, 3, 3]


def test_bar_goes_on_between_snapshots() -> None:
    frame = make_frame()
    assert replace(frame, tick=frame.bar_tick + 3840 + 5.0).bar == frame.bar + 1


def test_bar_lines_need_no_bar_tick_while_the_meter_stays() -> None:
    frame = make_frame()
    without = make_frame(lambda s: replace(s, bar_tick=0))
    assert (without.bar, without.beat, without.bar_tick) == (frame.bar, frame.beat, frame.bar_tick)


def test_settings_are_on_the_smallest_screen() -> None:
    shown = paint("status", make_frame(), 80, 1)
    assert "temp 0.40" in shown
    assert "energy 0.60" in shown
    assert "grid 1/8" in shown


def test_no_beat_while_stopped() -> None:
    frame = make_frame(stopped)
    assert frame.beat == 0
    for height in (1, 2):
        assert paint("beat", frame, 80, height).split() == ["■", "STOPPED"]
    assert "STOPPED" not in paint("beat", make_frame(), 80, 1)


def _lit(panel: str, frame: Frame, width: int, height: int) -> str:
    """What a panel shows in more than its faintest inks."""
    faint = (frame.inks.faint, frame.inks.rule)
    rows = PANELS[panel].paint(frame, width, height)
    return "".join(s.text for row in rows for s in row if s.style not in faint).strip()


@pytest.mark.parametrize("inks", [colour_inks(), bright_inks(), plain_inks()], ids=lambda inks: inks.theme)
def test_nothing_is_lit_of_a_band_that_ended(inks: Inks) -> None:
    def ended(snapshot: Snapshot) -> Snapshot:
        return replace(stopped(snapshot), chord=replace(snapshot.chord, held=False))

    gauges = GaugeView(12.0, 9.0, 40.0, 0.02, 0.11, (0.1, 0.2), (9.0, 12.0), on_time=1.0)
    playing, silent = make_frame(gauges=gauges, inks=inks), make_frame(ended, gauges=gauges, inks=inks)
    assert "p50" in _lit("timing", playing, 80, 1)
    assert _lit("timing", silent, 80, 1) == ""
    assert "hung 2" in _lit("timing", replace(silent, gauges=replace(gauges, hung=2)), 80, 1)
    assert "BASS" in _lit("band", playing, 80, 4)
    assert _lit("band", silent, 80, 4).split() == ["1", "2", "3", "4"], "their keys"
    assert _lit("chord", playing, 46, 6)
    assert _lit("chord", silent, 46, 6) == ""
    held = make_frame(lambda s: replace(ended(s), chord=replace(s.chord, held=True)), inks=inks)
    assert _lit("chord", held, 46, 6), "what is played while the band waits is heard"


def test_muted_roles_are_seen_while_nothing_plays() -> None:
    def muted(snapshot: Snapshot) -> Snapshot:
        s = stopped(snapshot)
        return replace(s, roles=tuple(replace(r, muted=r.role == "bass") for r in s.roles))

    assert "MUTE" in _lit("band", make_frame(muted), 80, 4)


def test_an_old_event_dims_and_then_leaves() -> None:
    told = Told("12:41:07", Event(0, "jamtui lead was lost", "warning"))
    before = Told("12:40:00", Event(0, "the end"))
    for age, lit, there in ((Age.NEW, True, True), (Age.PAST, False, True), (Age.GONE, False, False)):
        frame = make_frame(events=(before, replace(told, age=age)))
        assert ("was lost" in _lit("event", frame, 160, 1)) is lit
        assert ("was lost" in paint("event", frame, 160, 1)) is there
        assert ("was lost" in paint("log", frame, 160, 3)) is not there, "a log of many keeps it"
        assert "the end" in paint("log", frame, 160, 3)


@pytest.mark.parametrize(("width", "height"), [(34, 6), (65, 5), (100, 8)])
def test_a_stopped_band_shows_what_its_chart_begins_with(width: int, height: int) -> None:
    def with_chart(s: Snapshot) -> Snapshot:
        opening = (NextChord("Dm7", 1, 0.0), NextChord("G7", 2, 0.0), NextChord("Cmaj7", 3, 0.0))
        return replace(stopped(s), next_chords=opening, sure=0.0)

    shown = paint("next", make_frame(with_chart), width, height)
    assert "at the start  bar 1" in shown
    assert "G7" in shown
    assert "sure" not in shown
    assert "jamtui --chart" not in shown


def test_numbers_keep_their_width() -> None:
    lines = []
    for late, depth, run in ((0.0, 0, 0.0), (0.11, 74, 1.8), (9.99, 999, 2.0)):
        gauges = GaugeView(late, late, late, late, late, (late,), (late,), depth, run)
        lines.append(paint("timing", make_frame(gauges=gauges), 80, 1))
    for word in ("p50", "p99", "late", "run", "dead", " on "):
        assert len({line.index(word) for line in lines}) == 1


def test_elapsed() -> None:
    assert elapsed(0) == "00:00:00"
    assert elapsed(3_725.9) == "01:02:05"


def test_roles_say_who_plays() -> None:
    band = paint("band", make_frame(), 80, 4).splitlines()
    assert "LEAD" in band[0]
    assert "enclosure 3" in band[0]
    assert " on " in band[2]
    assert "MUTE" in band[3]


def test_soloed_out_is_not_muted() -> None:
    band = paint("band", make_frame(comp_solo), 80, 4).splitlines()
    assert "SOLO" in band[2]
    assert "MUTE" in band[3], "the mute key was pressed: it stays when the solo goes"
    for row in band[:2]:
        assert "MUTE" not in row
        assert " · " in row
        assert "▮" not in row, "no level of a role that is not heard"
    frame = replace(make_frame(comp_solo), rolls={}, roll_role="bass")
    assert "bass waits while comp is solo" in paint("roll", frame, 120, 12)


def test_a_role_that_is_not_in_the_band_is_off_and_not_muted() -> None:
    frame = make_frame(
        lambda s: replace(s, roles=tuple(replace(r, on=False, audible=False) for r in s.roles))
    )
    for row in paint("band", frame, 80, 4).splitlines():
        assert " off " in row


@pytest.mark.parametrize(
    ("clock", "locked", "words"),
    [
        ("internal", True, "own clock"),
        ("tap", True, "tapped"),
        ("internal", False, "MIDI ○ waiting"),
        ("tap", False, "MIDI ○ waiting"),
        ("midi", True, "MIDI ● locked"),
        ("midi", False, "MIDI ○ free-running"),
    ],
)
def test_the_header_says_whose_tempo_it_is(clock: str, locked: bool, words: str) -> None:
    frame = make_frame(lambda s: replace(s, clock=clock, clock_locked=locked))
    assert f" {words} " in paint("header", frame, 80, 1)


def test_latch_energy_of_the_player_and_seed_are_shown() -> None:
    frame = make_frame(lambda s: replace(s, player_energy=0.84))
    assert "your energy 0.8  latch on" in paint("chord", frame, 55, 9)
    assert "seed 4127" in paint("generator", frame, 36, 5)
    assert "  seed 4127  bar " in paint("header", frame, 80, 1)
    assert "seed" not in paint("header", frame, 120, 1), "the sources' panel has it there"
    large = make_frame(lambda s: replace(s, seed=(1 << 53) - 1))
    assert "seed" not in paint("header", large, 80, 1), "no room"
    assert PANELS["header"].shown(large, 80) != PANELS["header"].shown(frame, 80)
    off = make_frame(lambda s: replace(s, latch=False, chord=replace(s.chord, held=False)))
    assert "latch off  let go" in paint("chord", off, 55, 9)
    assert "latch off" in paint("status", off, 80, 1)
    for field in ({"latch": False}, {"player_energy": 0.1}):
        changed = make_frame(lambda s, field=field: replace(s, **field))  # type: ignore[misc] # bound now
        assert PANELS["chord"].shown(changed, 55) != PANELS["chord"].shown(make_frame(), 55)


def test_of_where_the_band_goes_there_is_more_than_a_stub_or_nothing() -> None:
    pads = Pads().view()
    moved = {"density": 0.7, "surprise": 0.3, "latch": False}
    for changes in ({}, {"density": 0.7}, {"surprise": 0.3}, moved):
        frame = make_frame(lambda s, changes=changes: replace(no_input(s), **changes), pads=pads)  # type: ignore[misc] # bound now
        shown = paint("status", frame, 80, 1)
        words = shown.partition("   out ")[2].partition("  temp ")[0].strip()
        assert words == "" or (len(words) >= 5 and words.endswith("…")), shown
    assert "   out null output" in paint("status", make_frame(no_input, pads=pads), 80, 1)


def test_devices_tell_port_and_program_of_each_role() -> None:
    frame = make_frame(drawer=Drawer.DEVICES)
    shown = paint("drawer", frame, 60, 16)
    assert "lead   → jamtui lead, program 57" in shown
    assert "drums  → jamtui drums  " in shown
    other = make_frame(
        lambda s: replace(s, roles=(replace(s.roles[0], program=1), *s.roles[1:])), drawer=Drawer.DEVICES
    )
    assert PANELS["drawer"].shown(other, 60) != PANELS["drawer"].shown(frame, 60)


def test_the_settled_chord_stays_and_what_is_heard_stands_beside_it() -> None:
    calm = make_frame()
    frame = make_frame(lambda s: replace(s, chord=replace(s.chord, heard="Am7")))
    before, after = (PANELS["chord"].paint(f, 55, 9) for f in (calm, frame))
    assert "… Am7" in text(after)
    beside = [s.style for row in after for s in row if "… Am7" in s.text]
    assert beside == [calm.inks.dim]
    assert [text([r])[:40] for r in after] == [text([r])[:40] for r in before], "the letters stay as they are"
    small = paint("chord", frame, 46, 6)
    assert "… Am7" in small


def test_before_anything_settled_the_chord_is_dimmed() -> None:
    frame = make_frame(lambda s: replace(s, chord=replace(s.chord, provisional=True)))
    painted = PANELS["chord"].paint(frame, 55, 9)
    styles = {s.style for row in painted for s in row if "█" in s.text}
    assert styles == {frame.inks.dim}
    assert "hearing" in text(painted)


LONG = "virtual ports jamtui lead, bass, comp, drums (JACK)"


@pytest.mark.parametrize("demo", [True, False])
@pytest.mark.parametrize("synth", ["", "Microsoft GS Wavetable Synth"])
def test_long_names_cut_themselves_and_not_the_settings(demo: bool, synth: str) -> None:
    frame = make_frame(
        lambda s: replace(s, demo=demo, output=LONG, synth=synth, inputs=("Launchkey 61 MIDI In 2 (long)",))
    )
    shown = paint("status", frame, 80, 1)
    for words in ("temp 0.40", "energy 0.60", "grid 1/8", "out virt"):
        assert words in shown
    assert ("y: synth" in shown) == bool(synth)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (lambda s: replace(s, pending=("bossa", "3/4", "grid free", "a fourth thing")), {}),
        (None, {"soon": True}),
        (None, {"quitting": True}),
        (None, {"link": "lost"}),
        (lambda s: replace(s, notices=("lead has no port: start loopMIDI and it is found again",)), {}),
        (lambda s: replace(s, latch=False, synth="A synth"), {}),
    ],
)
def test_temperature_energy_and_grid_never_leave_the_smallest_screen(
    change: Change | None, fields: dict[str, object]
) -> None:
    events = (Told("12:41:07", Event(0, "a very long event that tells all there is to tell of it")),)
    frame = make_frame(change, events=events, **fields)  # type: ignore[arg-type] # any fields of Frame
    feet = paint("status", frame, 80, 1) + paint("event", frame, 80, 1)
    for words in ("temp 0.40", "energy 0.60", "grid 1/8", "a very long event"):
        assert words in feet
    moved = replace(frame, snapshot=replace(frame.snapshot, temperature=0.5))  # type: ignore[type-var] # there is one
    panels = ("status", "event")
    assert any(PANELS[p].shown(moved, 80) != PANELS[p].shown(frame, 80) for p in panels)


def test_the_smallest_screen_has_the_first_note_three_times() -> None:
    gauges = GaugeView(123.4, 98.7, 456.7, 0.02, 0.11, queue_depth=999, runway_bars=1.8, dead_air=12)
    free = make_frame(lambda s: replace(s, grid="free"), gauges=gauges)
    shown = paint("timing", free, 80, 1)
    assert "first 123.4 p50  98.7 p99 456.7 late 0.02/0.11" in shown
    assert "q999 dead 12 on 1.0000" in shown
    assert "hung 2" in paint("timing", make_frame(gauges=replace(gauges, hung=2)), 80, 1)


def test_on_a_grid_the_answers_are_timed_from_their_grid_point() -> None:
    gauges = GaugeView(
        123.4, 98.7, 456.7, 0.02, 0.11, past_grid_last=0.4, past_grid_p50=0.0, past_grid_p99=2.1
    )
    for height, grid, free in (
        (1, "grid+   0.4 p50   0.0 p99   2.1", "first 123.4 p50  98.7 p99 456.7"),
        (6, "past grid     0.4 p50    0.0 p99    2.1", "first note  123.4 p50   98.7 p99  456.7"),
    ):
        on_grid = paint("timing", make_frame(gauges=gauges), 80, height)
        assert grid in on_grid
        assert "first" not in on_grid
        at_once = paint("timing", make_frame(lambda s: replace(s, grid="free"), gauges=gauges), 80, height)
        assert free in at_once
        assert "grid+" not in at_once
        assert "past grid" not in at_once


def test_high_contrast_is_never_below_seven_to_one() -> None:
    def light(code: str) -> float:
        parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    frame = make_frame(inks=bright_inks())
    for name, panel in PANELS.items():
        for row in panel.paint(frame, 120, 12):
            for segment in row:
                style = segment.style
                if not segment.text.strip(" ─┊") or style is None or style.color is None:
                    continue
                assert style.bgcolor is not None
                lights = sorted(
                    light(colour.get_truecolor().hex) + 0.05 for colour in (style.color, style.bgcolor)
                )
                assert lights[1] / lights[0] >= 7, (name, segment)


def test_phrases_found_stand_in_the_order_of_the_figure_shown() -> None:
    frame = make_frame(lambda s: replace(s, hits=(s.hits[1], s.hits[3], s.hits[0], s.hits[2])))
    shown = [line.split()[0] for line in paint("hits", frame, 60, 4).splitlines()[1:]]
    assert shown == [".93", ".91", ".86"], "the first three that came, not the three highest"


MOVED_SIZES = [(36, 5), (60, 9), (80, 5), (60, 20)]


@pytest.mark.parametrize("size", MOVED_SIZES)
@pytest.mark.parametrize("plain", [True, False])
def test_moved_notes_are_blocks_among_dots_and_painted_otherwise(size: tuple[int, int], plain: bool) -> None:
    inks = plain_inks() if plain else colour_inks()
    frame = make_frame(lambda s: replace(s, hits=s.hits[1:2]), inks=inks)
    rows = PANELS["hits"].paint(frame, *size)
    blocks = [s for row in rows for s in row if set(s.text) & set(MOVED)]
    assert sum(len(s.text) for s in blocks) == 2, "one for each note that was moved"
    dots = {s.style for row in rows for s in row if any(0x2800 <= ord(c) < 0x2900 for c in s.text)}
    assert dots.isdisjoint(s.style for s in blocks)
    own = make_frame(lambda s: replace(s, hits=(replace(s.hits[1], moved=()),)), inks=inks)
    assert not set(paint("hits", own, *size)) & set(MOVED)
    assert PANELS["hits"].shown(own, size[0]) != PANELS["hits"].shown(frame, size[0])


def test_what_sounds_is_shown_however_little_room_there_is() -> None:
    last = make_frame(lambda s: replace(s, hits=(*s.hits[1:], s.hits[0])))
    assert "▶" in paint("hits", last, 60, 2)
    assert [line.split()[0] for line in paint("hits", last, 60, 4).splitlines()[1:]] == [".93", ".91", ".88"]


def test_a_block_stands_where_the_note_begins_and_is_as_tall_as_it_is_high() -> None:
    notes = tuple((n * 960, 960, pitch) for n, pitch in enumerate((60, 64, 68, 72)))
    assert tiny_roll(notes, 3840, 4, {0, 1, 2, 3}) == MOVED
    dots = tiny_roll(notes, 3840, 4)
    assert tiny_roll(notes, 3840, 4, {2}) == dots[:2] + MOVED[2] + dots[3]
    assert tiny_roll(((9999, 10, 60),), 3840, 4, {0}) == tiny_roll((), 3840, 4), "beyond the end is nothing"


def test_the_hits_say_their_role_and_where_they_were_opened_the_keys() -> None:
    assert "library: lead" in paint("hits", make_frame(), 60, 5)
    opened = make_frame(drawer=Drawer.HITS, roll_role="bass")
    for width in (60, 80):
        title = paint("drawer", opened, width, 5).splitlines()[0]
        for words in ("hits: lead", "h keep (bass)", "j ban", "u undo", "H close"):
            assert words in title
    moved = replace(opened, keys=Keymap({"hits": "J"}).hints)
    assert "J close" in paint("drawer", moved, 80, 5)
    assert PANELS["drawer"].shown(moved, 80) != PANELS["drawer"].shown(opened, 80)


def test_a_row_names_what_plays_before_the_port_where_there_is_no_room_for_both() -> None:
    small = paint("band", make_frame(), 80, 4).splitlines()
    assert small[0].rstrip().endswith("enclosure 3")
    assert "jamtui lead" not in small[0]
    assert "→ jamtui lead" in paint("band", make_frame(stopped), 80, 4)
    wide = paint("band", make_frame(), 110, 4).splitlines()[0]
    assert "enclosure 3" in wide
    assert "→ jamtui lead" in wide


def test_absent_sources_are_named_with_the_reason() -> None:
    shown = paint("generator", make_frame(), 90, 5)
    assert "Ollama" in shown
    assert "not reached at localhost:11434" in shown
    missing = paint("hits", make_frame(no_input), 60, 5)
    assert "No phrase library" in missing


def test_nothing_plugged_in_says_what_to_press() -> None:
    frame = make_frame(no_input, pads=Pads().view())
    shown = paint("chord", frame, 46, 6)
    assert "z x c v b n m" in shown
    assert "plug in a MIDI keyboard" in shown
    assert "space" in paint("roll", frame, 80, 8)


def test_the_demo_before_its_first_chord_does_not_ask_for_a_keyboard() -> None:
    for state, words in (("count-in", "the built-in player counts in"), ("playing", "listen: what the band")):
        demo = make_frame(lambda s, state=state: replace(NOTHING(s), demo=True, state=state))
        empty = paint("roll", replace(demo, rolls={}), 80, 8)
        assert words in empty
        assert "play a chord" not in empty
    for state, words in (("count-in", "the count-in runs"), ("stopped", "press space")):
        frame = make_frame(lambda s, state=state: replace(no_input(s), demo=True, state=state))
        shown = paint("chord", frame, 46, 6)
        assert words in shown
        assert "plug in" not in shown


@pytest.mark.parametrize("size", [(46, 6), (55, 9), (100, 14)])
def test_why_the_band_cannot_start_is_read_to_its_end(size: tuple[int, int]) -> None:
    why = "the engine died 5 times in 20 s; its last words are in /home/you/.local/state/jamtui/engine.log"
    frame = make_frame(snapshot=None, rolls={}, failure=why)
    shown = " ".join(paint("chord", frame, *size).split())
    assert "the band cannot start" in shown
    assert "q q leaves" in shown
    assert "".join(why.split()) in "".join(shown.split())


@pytest.mark.parametrize(
    ("symbol", "notes", "names"),
    [
        ("D7", (50, 57, 60, 66), "D3 A3 C4 F#4"),
        ("A7b9", (57, 61, 67, 70), "A3 C#4 G4 Bb4"),
        ("Db", (49, 53, 56), "Db3 F3 Ab3"),
        ("C7#9", (48, 52, 58, 63), "C3 E3 Bb3 D#4"),
        ("E7", (52, 56, 62, 63), "E3 G#3 D4 Eb4"),
        ("C", (48, 52, 55, 58), "C3 E3 G3 Bb3"),
    ],
)
def test_keys_are_spelled_as_the_chord_spells_them(symbol: str, notes: tuple[int, ...], names: str) -> None:
    frame = make_frame(
        lambda s: replace(s, chord=replace(s.chord, symbol=symbol, notes=notes, alternatives=()))
    )
    assert names in paint("chord", frame, 55, 9)


def test_footer_always_has_panic_and_help() -> None:
    for width in range(80, 200, 7):
        line = paint("footer", make_frame(), width, 1)
        assert "PANIC" in line
        assert "help" in line
        assert "hits" in line or width >= 112, "only with its key are they to be seen there"
        assert "quit" in line


def test_notices_come_before_all_but_quitting_and_the_link() -> None:
    noticed = make_frame(lambda s: replace(s, notices=("lead has no port",)))
    assert "lead has no port" in paint("status", noticed, 80, 1)
    assert "press q again" in paint("status", replace(noticed, quitting=True), 80, 1)
    assert "engine gone" in paint("status", replace(noticed, link="lost"), 80, 1)


# -- the roll ----------------------------------------------------------------------------------------


def roll_frame(notes: tuple[RollNote, ...], tick: float = 38_400.0, role: str = "lead") -> Frame:
    frame = make_frame(lambda s: replace(s, bar_tick=38_400, bar=11), tick=tick, roll_role=role)
    return replace(frame, rolls={role: Roll(role, 1, notes)})


def _columns(rows: list[Row], char: str) -> list[int]:
    return [x for row in text(rows[1:-1]).splitlines() for x, c in enumerate(row) if c == char]


def test_what_sounds_stands_at_now_and_the_rest_on_its_side() -> None:
    notes = (
        RollNote(36_480, 480, 67, 90, "L", "s"),
        RollNote(38_400, 480, 72, 90, "R", "s"),
        RollNote(40_320, 480, 74, 90, "R", "p"),
        RollNote(40_800, 480, 74, 90, "R", "l"),
    )
    frame = roll_frame(notes)
    rows = paint_roll(frame, 120, 15)
    now = GUTTER + Window(frame, 120).now
    assert min(_columns(rows, "█")) == now
    assert max(_columns(rows, "▂")) < now
    assert min(_columns(rows, "▒")) == now + 16
    assert min(_columns(rows, "▆")) == now + 20


def test_letters_at_the_start_of_each_phrase() -> None:
    notes = tuple(
        RollNote(38_400 + i * 960, 900, 60 + i, 90, source, "p") for i, source in enumerate("RRLLOOMM")
    )
    ribbon = text(paint_roll(roll_frame(notes), 120, 15)[-1:])
    # R, L, then O where the next bar begins, then M.
    assert [c for c in ribbon if c.isalpha()] == list("RLOM")


def test_a_bar_number_is_whole_or_not_there() -> None:
    start = 38_400 + 40 * 3840
    shown = 0
    for tick in range(start - 960, start + 960, 120):
        frame = roll_frame((), float(tick))
        title = text(paint_roll(frame, 120, 15)[:1])
        numbers = re.findall(r"[0-9]+", title)
        shown += len(numbers)
        assert "now" in title
        assert set(numbers) <= {str(number) for _, number in Window(frame, 120).bars if number >= 10}
    assert shown > 16


def test_time_moves_the_roll_to_the_left() -> None:
    notes = (RollNote(40_320, 480, 74, 90, "R", "p"),)
    columns = [
        min(_columns(paint_roll(roll_frame(notes, tick), 120, 15), "▒")) for tick in (38_400, 38_520, 39_360)
    ]
    assert columns == [columns[0], columns[0] - 1, columns[0] - 8]


def test_pitches_outside_the_register_are_still_shown() -> None:
    notes = (RollNote(39_000, 480, 21, 90, "R", "p"), RollNote(39_000, 480, 108, 90, "R", "p"))
    rows = text(paint_roll(roll_frame(notes), 80, 7)).splitlines()
    shown = [y for y, row in enumerate(rows) if "▒" in row]
    assert len(shown) == 2
    assert shown == [1, 5]


def test_lanes_show_kick_snare_and_cymbal() -> None:
    notes = tuple(
        RollNote(38_400 + i * 960, 120, pitch, 90, "R", "p") for i, pitch in enumerate((36, 38, 51))
    )
    frame = roll_frame(notes, role="drums")
    row = text(paint_lanes(replace(frame, roll_role="lead"), 120, 3)).splitlines()[2]
    assert row.startswith(" drums")
    assert [c for c in row if c in "●◆×"] == list("●◆×")


def test_without_colour_no_style_has_one() -> None:
    frame = make_frame(inks=plain_inks())
    for panel in PANELS.values():
        for row in panel.paint(frame, 120, 12):
            for segment in row:
                assert segment.style is not None
                assert segment.style.color is None
                assert segment.style.bgcolor is None


@pytest.mark.parametrize(
    ("panel", "width", "height", "told"),
    [("sources", 80, 1, "absent: L"), ("generator", 36, 5, "Get it: ollama.com"), ("generator", 60, 9, "")],
)
def test_without_a_server_the_panel_says_how_to_get_one_in_whole_words(
    panel: str, width: int, height: int, told: str
) -> None:
    others = [SourceView(letter, name, "absent", "") for letter, name in zip("RLM", NAMES, strict=True)]
    rows = PANELS[panel].paint(
        make_frame(lambda s: replace(s, sources=(*others, SourceView("O", "ollama", "absent", GET_IT)))),
        width,
        height,
    )
    shown = " ".join(text(rows).split())
    assert (told or GET_IT) in shown
    assert "…" not in shown


def test_a_sentence_longer_than_its_row_goes_on_in_the_row_of_the_state() -> None:
    detail = "qwen3:1.7b on box:11434: 21 tok/s, prompt 0.3 s; 2 bars a request, 4 ahead"
    source = SourceView("O", "ollama", "ready", detail)
    rows = PANELS["generator"].paint(make_frame(lambda s: replace(s, sources=(source,))), 60, 9)
    state, rest = text(rows).splitlines()[-2:]
    assert detail == f"{state.split('ready')[1].strip()} {rest.strip()}"
