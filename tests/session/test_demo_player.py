"""The built-in player: human, deterministic, and every key it presses comes up."""

from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import MusicError
from jamtui.music.chart import parse_chart
from jamtui.music.chord import Family, make_chord
from jamtui.music.meter import METERS, PPQ
from jamtui.session.demo_form import FORMS, close_voicing, form_of
from jamtui.session.demo_player import DemoPlayer, PlayedEvent

BAR = 4 * PPQ


def ms(ticks: float, tempo: float = 120.0) -> float:
    return ticks * 60_000 / (tempo * PPQ)


def attacks(events: list[PlayedEvent], gap_ms: float = 60.0) -> list[list[PlayedEvent]]:
    """Note-ons grouped into attacks."""
    groups: list[list[PlayedEvent]] = []
    for event in events:
        if event.data[0] & 0xF0 != 0x90:
            continue
        if groups and ms(event.tick - groups[-1][-1].tick) < gap_ms:
            groups[-1].append(event)
        else:
            groups.append([event])
    return groups


@pytest.mark.parametrize("name", sorted(FORMS))
def test_forms_have_32_bars_and_the_harmony_of_the_repertoire(name: str) -> None:
    form = FORMS[name]
    assert len(form.bars) == len(form.letters) == 32
    families = {chord.family for bar in form.bars for chord in bar}
    assert families >= {
        Family.MAJOR,
        Family.MINOR,
        Family.DOMINANT,
        Family.HALF_DIMINISHED,
        Family.SUS,
        Family.DIMINISHED,
    }
    roots = [chord.root for bar in form.bars for chord in bar]
    assert any(
        (b - a) % 12 == 5 and (c - b) % 12 == 5 for a, b, c in zip(roots, roots[1:], roots[2:], strict=False)
    )
    player = DemoPlayer(form=name)
    assert player.form_chart().count("|") == 31
    assert player.chords_of(33) == player.chords_of(1)


def test_an_unknown_form_names_those_there_are() -> None:
    with pytest.raises(MusicError, match="lamplight"):
        DemoPlayer(form="nothing")
    with pytest.raises(ValueError, match="positive"):
        DemoPlayer(tempo=0)


@pytest.mark.parametrize("seed", range(4))
def test_human_spread_and_timing(seed: int) -> None:
    player = DemoPlayer(seed, tempo=120.0)
    groups = attacks(player.events(0, 64 * BAR))
    spreads = [ms(g[-1].tick - g[0].tick) for g in groups if len(g) > 2]
    assert max(spreads) <= 40.5
    assert sum(s > 10 for s in spreads) > len(spreads) * 0.5
    early = 0
    for group in groups:
        off_grid = (group[0].tick + PPQ // 4) % (PPQ // 2) - PPQ // 4
        assert abs(ms(off_grid)) <= 125
        in_bar = group[0].tick - group[0].bar * BAR
        early += in_bar < -PPQ * 0.3
    assert 2 <= early <= 20, "now and then a bar's chord comes an eighth early, not always"
    velocities = {e.data[2] for g in groups for e in g}
    assert len(velocities) > 15


@pytest.mark.parametrize("seed", range(4))
def test_voices_lead_into_each_other(seed: int) -> None:
    groups = [g for g in attacks(DemoPlayer(seed).events(0, 32 * BAR)) if len(g) > 3]
    tops = [max(e.data[1] for e in g) for g in groups]
    assert sum(abs(b - a) for a, b in pairwise(tops)) / len(tops) < 4
    assert all(max(e.data[1] for e in g) <= 80 for g in groups)


def test_every_attack_spells_its_chord() -> None:
    player = DemoPlayer(3)
    for group in attacks(player.events(0, 64 * BAR)):
        allowed = [chord.pitch_classes for chord in player.chords_of(group[0].bar)]
        if len(group) > 2:
            played = {e.data[1] % 12 for e in group}
            assert any(played <= tones for tones in allowed), (group[0].bar, played)


def test_variety_of_touch_over_a_chorus() -> None:
    events = DemoPlayer(1).events(0, 64 * BAR)
    assert any(e.data[0] == 0xB0 and e.data[1] == 64 for e in events), "pedal"
    groups = attacks(events)
    assert any(len(g) == 1 and g[0].data[1] > 60 for g in groups), "a passing tone"
    assert any(len(g) == 1 and g[0].data[1] < 52 for g in groups), "a bass note before its chord"
    first, second = (
        [e.data for e in DemoPlayer(1).events(0, 128 * BAR) if lo <= e.bar < lo + 32] for lo in (0, 32)
    )
    assert first != second


def keys_down(events: list[PlayedEvent]) -> dict[int, int]:
    down: dict[int, int] = defaultdict(int)
    for event in events:
        kind = event.data[0] & 0xF0
        if kind == 0x90:
            assert down[event.data[1]] == 0, "a key is let go before it is struck again"
            down[event.data[1]] = 1
        elif kind == 0x80:
            down[event.data[1]] = 0
    return {p: n for p, n in down.items() if n}


@given(
    st.integers(0, 10**6),
    st.sampled_from(sorted(METERS)),
    st.floats(40, 240),
    st.sampled_from(sorted(FORMS)),
    st.lists(st.floats(1, 9000), min_size=1, max_size=12),
)
def test_chunks_make_no_difference(
    seed: int, meter: str, tempo: float, form: str, chunks: list[float]
) -> None:
    player = DemoPlayer(seed, tempo, METERS[meter], form)
    pieces: list[PlayedEvent] = []
    at = 0.0
    for chunk in chunks:
        pieces += player.events(at, at + chunk)
        at += chunk
    whole = DemoPlayer(seed, tempo, METERS[meter], form).events(0, at)
    assert pieces == whole
    assert [e.tick for e in whole] == sorted(e.tick for e in whole)
    assert all(0 <= e.tick < at for e in whole)
    assert all(0 <= b < 128 for e in whole for b in e.data[1:])
    left = keys_down(whole)
    released = player.release(at)
    assert {e.data[1] for e in released if e.data[0] == 0x80} >= set(left)
    assert released[-1].data == b"\xb0\x40\x00"


def test_release_starts_the_form_again() -> None:
    player = DemoPlayer(2)
    first = player.events(0, 3 * BAR)
    player.release(3.0 * BAR)
    assert player.events(0, 3 * BAR) == first


@pytest.mark.parametrize("meter", sorted(METERS))
def test_the_form_fits_every_meter(meter: str) -> None:
    bar = METERS[meter].bar_ticks
    player = DemoPlayer(1, meter=METERS[meter])
    for event in player.events(0, 32 * bar):
        if event.data[0] == 0x90:
            assert -0.3 * PPQ - PPQ // 2 <= event.tick - event.bar * bar <= bar + 0.3 * PPQ


def test_meter_can_change_on_the_way() -> None:
    player = DemoPlayer(1)
    player.events(0, 4 * BAR - PPQ)
    player.set_meter(METERS["3/4"])
    later = player.events(4 * BAR - PPQ, 20 * BAR)
    starts: dict[int, float] = {}
    for event in later:
        if event.data[0] == 0x90:
            starts.setdefault(event.bar, event.tick)
    gaps = [starts[b + 4] - starts[b] for b in range(6, 14)]
    assert all(abs(gap - 4 * 3 * PPQ) < PPQ for gap in gaps)


def test_a_start_elsewhere_and_a_skip() -> None:
    player = DemoPlayer(1)
    player.restart(7 * BAR)
    assert player.events(0, 7 * BAR) == []
    assert player.events(7 * BAR, 8 * BAR)[0].bar == 0
    down = keys_down(player.events(7 * BAR, 9 * BAR))
    after = player.events(20 * BAR, 20 * BAR + 1)
    assert {e.data[1] for e in after if e.data[0] == 0x80} >= set(down)


@given(st.sets(st.integers(0, 11), min_size=3, max_size=4), st.sets(st.integers(48, 80), max_size=4))
def test_voicings_hold_exactly_their_tones(tones: set[int], last: set[int]) -> None:
    shape = close_voicing(tuple(tones), tuple(sorted(last)))
    assert {p % 12 for p in shape} == tones
    assert list(shape) == sorted(set(shape))
    assert shape[0] >= 50
    assert shape[-1] <= 77


def test_over_a_chart_it_plays_the_chart_each_chord_where_it_is_written() -> None:
    chart = parse_chart("Dm7 . . G7 | Cmaj7 | N.C. | A7")
    form = form_of(chart)
    assert form is not None
    player = DemoPlayer(3, form=form)
    assert [[c.symbol for c in player.chords_of(bar)] for bar in range(5)] == [
        ["Dm7", "G7"],
        ["Cmaj7"],
        [],
        ["A7"],
        ["Dm7", "G7"],
    ]
    struck = [e for e in player.events(0, 40 * BAR) if e.data[0] == 0x90]
    assert not [e for e in struck if e.bar % 4 == 2]  # nothing where the chart says so
    # The G7 of the first bars comes around its fourth beat, up to an eighth early.
    g7 = make_chord(7, "7").pitch_classes
    for bar in range(0, 40, 4):
        late = [e for e in struck if e.bar == bar and e.tick > bar * BAR + 3 * 960 - 480 - 160]
        assert late
        assert {e.data[1] % 12 for e in late} <= g7 | {(p + s) % 12 for p in g7 for s in (2, 3)}


def test_a_chart_of_one_bar_can_be_played_and_one_without_chords_is_none() -> None:
    one = form_of(parse_chart("Cmaj7"))
    assert one is not None
    assert DemoPlayer(form=one).events(0, 4 * BAR)
    assert form_of(parse_chart("N.C. | N.C.")) is None
