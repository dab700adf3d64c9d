"""The conductor, driven by ticks alone."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import JamtuiError
from jamtui.music.chart import parse_chart
from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import Role
from jamtui.music.scale import chord_scale, chord_tones
from jamtui.playback.commands import SetFeel, SetMute, Silence, Splice, TimedMessage
from jamtui.session.answering import WITHDRAW_NS
from jamtui.session.book import Function, ReflexBook
from tests.session.small_band import BAR, Player, heard, phrase

PITCHED = (Role.LEAD, Role.BASS, Role.COMP)
EIGHTH = PPQ // 2


def test_before_the_first_chord_only_the_drums_play_and_the_rest_is_planned() -> None:
    band = Player()
    band.start()
    band.run(0, BAR)
    assert band.notes(Role.DRUMS, 0, BAR)
    for role in PITCHED:
        assert not band.plan[role]
        assert band.conductor.covered_until(role) >= 2 * BAR


@pytest.mark.parametrize("meter", METERS.values(), ids=lambda m: m.name)
def test_the_runway_is_one_to_two_bars_at_all_times(meter: object) -> None:
    band = Player(meter=meter)
    band.start()
    bar = meter.bar_ticks  # type: ignore[attr-defined]
    band.hear("Dm7", -10)
    for tick in range(0, 6 * bar, 17):
        band.take(band.conductor.advance(tick, 120))
        for role in Role:
            assert 1.0 <= band.conductor.runway_bars(role, tick) <= 2.06
    for role in Role:
        assert all(0 <= n.tick - n.bar_tick < bar for n in band.plan[role])
        assert all((n.bar_tick % bar) == 0 for n in band.plan[role])


@given(
    delay=st.integers(-EIGHTH, 160),
    chords=st.lists(
        st.sampled_from(["Dm7", "G7", "Cmaj7", "Am7b5", "Eb6", "F#m", "Bdim7", "C7sus4", "Ab+"]),
        min_size=2,
        max_size=5,
    ),
    grid=st.sampled_from(["1/8", "1/16"]),
    seed=st.integers(0, 5),
)
def test_every_new_chord_is_answered_exactly_at_the_next_grid_point(
    delay: int, chords: list[str], grid: str, seed: int
) -> None:
    band = Player(seed=seed, grid=grid)
    band.start()
    band.run(-BAR, 0)
    size = EIGHTH if grid == "1/8" else EIGHTH // 2
    now = 0
    last = None
    for number, symbol in enumerate(chords):
        played = max(0, number * BAR + delay)
        band.run(now, played)
        now = played
        splices = band.hear(symbol, played)
        goal = -(-played // size) * size
        if last != symbol:
            assert any(n.tick == goal for s in splices for n in s.notes)
            assert band.conductor.last_answer is not None
            assert band.conductor.last_answer.tick == goal
            assert all(s.trigger_ns for s in splices)
        last = symbol


@given(seed=st.integers(0, 20), shift=st.integers(0, 1919))
def test_notes_after_a_chord_belong_to_it_or_lead_by_step(seed: int, shift: int) -> None:
    band = Player(seed=seed)
    band.start()
    band.run(-100, shift)
    band.hear("Dm7", shift)
    band.run(shift, BAR + shift)
    band.hear("Ebmaj7", BAR + shift)
    start = -(-(BAR + shift) // EIGHTH) * EIGHTH
    chord = parse_chord("Ebmaj7")
    scale = chord_scale(chord) | chord_tones(chord)
    for role in PITCHED:
        notes = [n for n in band.plan[role] if n.tick >= start]
        assert notes
        for note, following in itertools.pairwise(notes):
            if note.pitch % 12 not in scale:
                assert abs(following.pitch - note.pitch) <= 2


def test_a_chord_just_before_the_bar_line_belongs_to_the_coming_bar() -> None:
    band = Player()
    band.start()
    band.run(-100, 10)
    band.hear("Dm7", 10)
    band.run(10, BAR - 200)
    splices = band.hear("G7", BAR - 200)
    assert {s.from_tick for s in splices} == {BAR}
    assert band.conductor.chord_at(BAR - 1) == parse_chord("Dm7")
    assert band.conductor.chord_at(BAR) == parse_chord("G7")


def test_a_late_chord_replaces_what_became_wrong_at_once_and_answers_at_the_grid_point() -> None:
    band = Player()
    band.start()
    band.hear("Cmaj7", -20)
    band.run(-20, BAR + 60)
    late = BAR + 60
    sounding = {r: [n for n in band.notes(r, BAR - 960, late) if n.tick + n.duration > late] for r in PITCHED}
    known = len(band.commands)
    band.hear("Ebm7", late)
    splices = [c for c in band.commands[known:] if isinstance(c, Splice)]
    stamp = max(s.trigger_ns for s in splices)
    right = chord_tones(parse_chord("Ebm7"))
    replaced = set()
    for role in PITCHED:
        gives_way, *_, answer = [s for s in splices if s.role is role]
        assert gives_way.withdraw_ns == stamp + WITHDRAW_NS
        assert (answer.from_tick, answer.trigger_ns, answer.at_once) == (BAR + EIGHTH, stamp, False)
        if any(n.pitch % 12 not in right for n in sounding[role]):
            replaced.add(role)
            assert gives_way.at_once
            assert {(n.tick, n.tick + n.duration) for n in gives_way.notes} == {(late, BAR + EIGHTH)}
            assert {n.pitch % 12 for n in gives_way.notes} <= right
            assert gives_way.wrong == frozenset(range(12))
        else:
            assert not gives_way.at_once
            assert not gives_way.wrong & right
    assert Role.BASS in replaced
    (bass,) = band.notes(Role.BASS, late, late + 1)
    assert bass.pitch % 12 == 3


@pytest.mark.parametrize(("after", "replaced"), [(154, True), (155, False)])
def test_later_than_80_ms_a_wrong_note_is_ended_and_not_replaced(after: int, replaced: bool) -> None:
    band = Player()
    band.start()
    band.hear("Cmaj7", -20)
    band.run(-20, BAR + after)
    known = len(band.commands)
    band.hear("Ebm7", BAR + after)
    (first, *_) = [c for c in band.commands[known:] if isinstance(c, Splice) and c.role is Role.BASS]
    assert 0 in first.wrong
    assert bool(first.notes) is replaced


def test_a_chord_late_for_the_last_hit_is_held_as_long_as_the_hit() -> None:
    band = Player()
    band.start()
    band.hear("Cmaj7", -10)
    band.run(0, BAR + 100)
    band.act("ending", tick=BAR + 100)
    band.run(BAR + 100, 4 * BAR + 40)
    band.hear("E7", 4 * BAR + 40)
    (bass,) = band.notes(Role.BASS, 4 * BAR + 1, 5 * BAR)
    assert (bass.pitch % 12, bass.tick, bass.tick + bass.duration) == (4, 4 * BAR + 40, 5 * BAR)


def test_locked_notes_of_the_old_plan_at_the_grid_point_are_withdrawn_and_right_ones_sound_on() -> None:
    band = Player()
    band.start()
    band.hear("Cmaj7", -20)
    band.run(-20, BAR - 20)
    old = [n for n in band.plan[Role.BASS] if n.tick == BAR]
    assert old
    known = len(band.commands)
    band.hear("Am7", BAR - 20)
    for role in PITCHED:
        first = next(c for c in band.commands[known:] if isinstance(c, Splice) and c.role is role)
        assert first.stale_from == BAR
        assert not first.wrong & chord_tones(parse_chord("Am7"))


def test_wrong_notes_between_a_chord_and_its_grid_point_are_not_played() -> None:
    hits = [(n * 0.25, 0.25, 0, Function.CHORD) for n in range(16)]
    sixteenths = phrase("sixteenths", Role.BASS, "any", hits, ((0, 0, "7"),))
    band = Player(small=ReflexBook("sixteenths", (sixteenths,)))
    band.start()
    band.hear("Cmaj7", -20)
    band.run(-20, BAR + 100)
    assert [n.pitch % 12 for n in band.notes(Role.BASS, BAR + 200, BAR + 300)] == [0]
    band.hear("Ebm7", BAR + 190)
    assert not band.notes(Role.BASS, BAR + 191, BAR + EIGHTH)


def test_free_answers_at_once() -> None:
    band = Player(grid="free")
    band.start()
    band.run(-100, 1234)
    splices = band.hear("Dm7", 1234)
    assert all(s.at_once for s in splices)
    assert any(n.tick == 1234 for s in splices for n in s.notes)
    for splice in splices:
        if splice.role in (Role.BASS, Role.COMP):
            onsets = sorted({n.tick for n in splice.notes})
            assert onsets[0] == 1234
            assert onsets[1] - onsets[0] >= EIGHTH // 2


def test_free_just_before_the_bar_line_does_not_strike_twice() -> None:
    band = Player(grid="free")
    band.start()
    band.run(-100, BAR - 100)
    assert {splice.from_tick for splice in band.hear("Dm7", BAR - 100)} == {BAR - 100}
    for role in (Role.BASS, Role.COMP):
        onsets = sorted({n.tick for n in band.notes(role, BAR - 100, 3 * BAR)})
        assert onsets[0] == BAR - 100
        assert onsets[1] >= BAR - 100 + EIGHTH // 2


def test_the_first_answer_keeps_to_safe_notes_for_a_beat_and_a_revision_replans_once() -> None:
    band = Player()
    band.start()
    band.run(-100, 900)
    safe = {0, 4, 7}
    band.hear("C", 900, safe=safe)
    first = [n for r in PITCHED for n in band.plan[r] if PPQ <= n.tick < 2 * PPQ]
    assert first
    assert {n.pitch % 12 for n in first} <= safe
    splices = band.hear("C7", 930, kind="revised")
    assert sorted(s.role for s in splices) == sorted(PITCHED)
    assert band.hear("C7", 950, kind="settled") == []


def test_a_chord_known_better_just_after_its_grid_point_is_still_answered_there() -> None:
    band = Player()
    band.start()
    band.hear("Em7", -10)
    band.run(-10, 2 * BAR - 14)
    trigger = 10**9 + int((2 * BAR - 14) * 520_833)
    for symbol, kind, tick in (("Ebm6", "provisional", 2 * BAR - 14), ("Ab7", "revised", 2 * BAR + 12)):
        update = replace(heard(symbol, trigger, kind), ns=10**9 + int(tick * 520_833))
        known = len(band.commands)
        band.take(band.conductor.hear(update, tick, 120))
        band.run(tick, tick + 20)
    struck = [c for c in band.commands[known:] if isinstance(c, Splice) and c.at_once and c.notes]
    assert struck
    assert {n.tick for c in struck for n in c.notes} == {2 * BAR}
    right = parse_chord("Ab7")
    assert {n.pitch % 12 for c in struck for n in c.notes if c.role is Role.BASS} <= right.pitch_classes
    assert any(n.tick == 2 * BAR + EIGHTH for n in band.plan[Role.BASS]), "and goes on at the next grid point"


def test_same_inputs_and_seed_give_the_same_commands() -> None:
    def perform(seed: int) -> list[object]:
        band = Player(seed=seed)
        band.start()
        band.run(-100, 0)
        for number, symbol in enumerate(["Dm7", "G7", "Cmaj7", "Cmaj7", "Dm7", "G7"]):
            band.hear(symbol, number * BAR + 30)
            band.run(number * BAR + 30, (number + 1) * BAR)
        return list(band.commands)

    assert perform(3) == perform(3)
    assert perform(3) != perform(4)


@given(seed=st.integers(0, 1000), offset=st.sampled_from([-150, -144, -100, -1, 0, 1, 40, 500, 3000]))
def test_when_the_conductor_is_called_changes_nothing_in_the_music(seed: int, offset: int) -> None:
    """Stamps decide; how late or how often the planning thread runs does not."""

    def perform(step: int, late: int) -> dict[Role, list[object]]:
        band = Player(seed=seed)
        band.start()
        events = [(max(0, n * BAR + offset), s) for n, s in enumerate(["Dm7", "G7", "Cmaj7", "Eb7", "Ab"])]
        for now in range(-480, 6 * BAR, step):
            while events and events[0][0] + late <= now:
                tick, symbol = events.pop(0)
                band.conductor.set_player_energy((tick % 700) / 700, tick)
                band.hear(symbol, tick)
            band.take(band.conductor.advance(now, 120))
        # What was never replaced and what was replaced in time are the same plan in the end.
        return {r: [n for n in notes if n.tick < 6 * BAR] for r, notes in band.plan.items()}

    assert perform(5, 0) == perform(37, 60)


def test_no_phrase_is_played_twice_running_where_there_is_another() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    labels = []
    for bar in range(12):
        band.run(bar * BAR, (bar + 1) * BAR)
        labels.append(band.conductor.label(Role.BASS, bar * BAR + 5))
    assert all(a != b for a, b in itertools.pairwise(labels))


def test_without_any_phrase_every_role_still_plays() -> None:
    band = Player(small=ReflexBook("empty", ()))
    band.start()
    band.hear("F#m7b5", -10)
    band.run(0, 2 * BAR)
    for role in PITCHED:
        notes = band.notes(role, 0, 2 * BAR)
        assert notes
        assert {n.pitch % 12 for n in notes} <= chord_tones(parse_chord("F#m7b5"))


def test_other_styles_and_contexts_fill_in_where_a_style_has_none() -> None:
    band = Player()
    band.start()
    band.hear("Gsus4", -10)
    band.run(0, BAR)
    assert "dominant" in band.conductor.label(Role.BASS, 10)


def test_a_chart_is_planned_ahead_and_a_played_chord_overrides_until_it_changes() -> None:
    band = Player(chart=parse_chart("Dm7 | G7 | Cmaj7 | %"))
    band.start()
    band.run(-100, BAR)
    assert [n.symbol for n in band.conductor.next_chords(10, 2)] == ["G7", "Cmaj7"]
    bass = [n for n in band.plan[Role.BASS] if n.tick == BAR]
    assert [n.pitch % 12 for n in bass] == [7]
    band.hear("Db7", BAR + 10)
    assert band.conductor.chord_at(2 * BAR - 1) == parse_chord("Db7")
    assert band.conductor.chord_at(2 * BAR) == parse_chord("Cmaj7")
    assert band.conductor.chord_at(5 * BAR) == parse_chord("G7")


def test_playing_what_the_chart_says_keeps_the_plan_and_still_answers() -> None:
    band = Player(chart=parse_chart("Dm7 | G7 | Cmaj7 | %"))
    band.start()
    band.run(-100, BAR - 60)
    before = {r: list(n) for r, n in band.plan.items()}
    splices = band.hear("G7", BAR - 60)
    assert len(splices) == 1
    assert any(n.tick == BAR for n in splices[0].notes)
    for role in Role:
        if role is not splices[0].role:
            assert band.plan[role] == before[role]


def test_the_two_five_one_is_joined_on_its_five() -> None:
    """Heard bar by bar, without a chart, the phrase over the whole progression can still be taken up."""
    found = set()
    for seed in range(12):
        band = Player(seed=seed, temperature=0.2)
        band.start()
        for number, symbol in enumerate(["Dm7", "G7", "Cmaj7"]):
            band.hear(symbol, number * BAR - 20)
            band.run(number * BAR - 20, (number + 1) * BAR - 20)
            found.add((number, band.conductor.label(Role.LEAD, number * BAR + 10)))
    assert (1, "two five one") in found
    assert (2, "two five one") in found


def test_no_chord_rests_the_pitched_roles_and_the_drums_go_on() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 2 * BAR)
    band.hear("N.C.", 2 * BAR, kind="faded")
    band.run(2 * BAR, 4 * BAR)
    for role in PITCHED:
        assert not band.notes(role, 2 * BAR, 4 * BAR)
    assert band.notes(Role.DRUMS, 3 * BAR, 4 * BAR)


def test_style_changes_at_the_next_bar_line_and_says_so_until_then() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 100)
    band.act("style_next", tick=100)
    assert band.conductor.pending == ("style Other at bar 2",)
    assert band.conductor.settings.style == "plain"
    assert band.conductor.label(Role.BASS, BAR).startswith("other")
    assert band.conductor.label(Role.BASS, 100).startswith("plain")
    commands = band.run(100, BAR + 60)
    assert any(isinstance(c, SetFeel) for c in commands)
    assert band.conductor.settings.style == "other"
    assert band.conductor.pending == ()


def test_soon_is_the_next_beat() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 100)
    commands = band.act("energy", 0.9, soon=True, tick=100)
    assert {c.from_tick for c in commands if isinstance(c, Splice)} == {PPQ}
    assert "next beat" in band.conductor.pending[0]
    band.run(100, PPQ + 60)
    assert band.conductor.settings.energy == 0.9


def test_more_energy_is_louder_and_the_players_own_counts() -> None:
    def loudness(energy: float, player: float) -> float:
        band = Player(energy=energy)
        band.conductor.set_player_energy(player, -1)
        band.start()
        band.hear("Dm7", -10)
        band.run(0, 4 * BAR)
        notes = [n.velocity for r in Role for n in band.notes(r, 0, 4 * BAR)]
        return sum(notes) / len(notes)

    assert loudness(0.1, 0.5) < loudness(0.9, 0.5)
    assert loudness(0.5, 0.1) < loudness(0.5, 0.9)


@pytest.mark.parametrize("soon", [False, True])
def test_a_new_meter_moves_the_bar_lines(soon: bool) -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 100)
    band.act("meter", "3/4", soon=soon, tick=100)
    line = PPQ if soon else BAR
    band.run(100, line + 7 * PPQ)
    bar = band.conductor.bar_at(line)
    assert (bar.start, bar.length, bar.number) == (line, 3 * PPQ, 1)
    assert band.conductor.meter.name == "3/4"
    kicks = [n.tick for n in band.notes(Role.DRUMS, line, line + 6 * PPQ)]
    assert line in kicks
    assert line + 3 * PPQ in kicks
    assert all(1 <= band.conductor.runway_bars(r, line + 6 * PPQ) <= 2.1 for r in Role)


def test_freeze_loops_the_planned_bars_whatever_is_played() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, BAR + 100)
    band.act("freeze", tick=BAR + 100)
    assert band.conductor.frozen
    band.hear("Eb7", BAR + 200)
    band.run(BAR + 200, 7 * BAR)
    for role in Role:
        shape = [(n.tick - BAR, n.pitch, n.duration) for n in band.notes(role, BAR, 3 * BAR)]
        again = [(n.tick - 5 * BAR, n.pitch, n.duration) for n in band.notes(role, 5 * BAR, 7 * BAR)]
        assert shape == again
    band.act("freeze", tick=7 * BAR)
    assert not band.conductor.frozen
    band.run(7 * BAR, 9 * BAR)
    bass = band.notes(Role.BASS, 8 * BAR, 9 * BAR)
    assert {n.pitch % 12 for n in bass} <= chord_tones(parse_chord("Eb7"))


def test_the_ending_finishes_the_phrase_hits_once_and_stops() -> None:
    band = Player()
    band.start()
    band.hear("Cmaj7", -10)
    band.run(0, BAR + 100)
    band.act("ending", tick=BAR + 100)
    assert band.conductor.state == "ending"
    assert band.conductor.pending == ("ending at bar 5",)
    band.run(BAR + 100, 5 * BAR + 50)
    last = 4 * BAR
    for role in Role:
        assert {n.tick for n in band.plan[role] if n.tick >= last} == {last}
    assert [n.pitch for n in band.plan[Role.DRUMS] if n.tick == last] == [49]
    assert [n.pitch % 12 for n in band.plan[Role.BASS] if n.tick == last] == [0]
    assert band.conductor.finished
    assert band.conductor.state == "stopped"
    assert band.conductor.advance(6 * BAR, 120) == []


@pytest.mark.parametrize(
    ("chart", "asked", "ends", "last"),
    [
        ("Cmaj7 | Am7 | Fmaj7 | Dm7 | G7", 1, 5, 0),  # and not at the even bar line before
        ("Cmaj7 | Am7 | Fmaj7 | Dm7 | G7", 2, 5, 0),
        ("Cmaj7 | Am7 | Fmaj7 | Dm7 | G7", 3, 5, 0),
        ("Cmaj7 | Am7 | Fmaj7 | Dm7 | G7", 4, 6, 9),  # the next bar line would be too soon
        ("Am7 | Dm7 | Am7/C | E7 | E7", 1, 5, 9),
        ("Cmaj7 | Am7 | Dm7 | Cm7 | G7", 1, 5, 0),  # the minor chord is another one
        ("Cmaj7 | Am7 | Fmaj7 | Dm7 | Em7 | Am7 | Dm7 | G7", 1, 4, 4),  # too far
    ],
)
def test_over_a_chart_the_ending_comes_home(chart: str, asked: int, ends: int, last: int) -> None:
    band = Player(chart=parse_chart(chart))
    band.start()
    band.run(0, asked * BAR + 100)
    band.act("ending", tick=asked * BAR + 100)
    assert band.conductor.pending == (f"ending at bar {ends + 1}",)
    band.run(asked * BAR + 100, (ends + 1) * BAR + 10)
    (bass,) = band.notes(Role.BASS, ends * BAR, (ends + 2) * BAR)
    assert bass.pitch % 12 == last


def test_an_ending_can_be_taken_back() -> None:
    band = Player()
    band.start()
    band.hear("Cmaj7", -10)
    band.run(0, 100)
    band.act("ending", tick=100)
    band.act("ending", tick=200)
    band.run(200, 6 * BAR)
    assert band.conductor.state == "playing"
    assert band.notes(Role.BASS, 5 * BAR, 6 * BAR)


def test_mute_and_solo() -> None:
    band = Player()
    band.start()
    assert band.act("mute_bass") == [SetMute(Role.BASS, True)]
    assert band.act("solo_lead") == [SetMute(Role.COMP, True), SetMute(Role.DRUMS, True)]
    assert band.act("solo_lead") == [SetMute(Role.COMP, False), SetMute(Role.DRUMS, False)]
    assert band.act("mute_bass") == [SetMute(Role.BASS, False)]


def test_a_lead_alone_answers_at_the_grid_point() -> None:
    band = Player(solo=frozenset({Role.LEAD}))
    band.start()
    band.run(-100, 700)
    for number, symbol in enumerate(["Dm7", "G7", "Cmaj7", "Ab7", "Dbmaj7"]):
        tick = 700 + number * BAR
        splices = band.hear(symbol, tick)
        (lead,) = [s for s in splices if s.role is Role.LEAD]
        assert any(n.tick == -(-tick // EIGHTH) * EIGHTH for n in lead.notes)
        band.run(tick, tick + BAR)


def test_the_count_in_clicks_and_the_click_follows_its_switch() -> None:
    band = Player(click_port="drums")
    band.start()
    clicks = [c for c in band.run(-BAR - 100, 2 * BAR) if isinstance(c, TimedMessage)]
    struck = [(c.tick, c.data[1]) for c in clicks if c.data[0] == 0x99]
    assert struck == [(-BAR, 76), (-BAR + PPQ, 77), (-BAR + 2 * PPQ, 77), (-BAR + 3 * PPQ, 77)]
    assert len([c for c in clicks if c.data[0] == 0x89]) == len(struck)
    band.act("click", tick=2 * BAR)
    clicks = [c for c in band.run(2 * BAR + 10, 3 * BAR + 10) if isinstance(c, TimedMessage)]
    assert [c.tick for c in clicks if c.data[0] == 0x99][:4] == [2 * BAR + n * PPQ for n in (1, 2, 3, 4)]


def test_stop_forgets_the_plan_but_not_the_chord() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 100)
    assert band.take(band.conductor.stop()) == [Silence()]
    assert band.conductor.advance(BAR, 120) == []
    band.plan = {r: [] for r in Role}
    band.start()
    band.run(0, BAR)
    assert [n.pitch % 12 for n in band.notes(Role.BASS, 0, 1)] == [2]


def test_joining_in_the_middle_of_a_bar_plans_nothing_before_it() -> None:
    band = Player()
    band.hear("Dm7", 0)
    band.start(5 * BAR + 1000)
    for role in Role:
        assert all(n.tick >= 5 * BAR + 1000 for n in band.plan[role])
    assert band.conductor.bar_number(5 * BAR + 1000) == 6


def test_rolls_are_made_anew_only_when_something_changed() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 50)
    first = band.conductor.rolls()
    assert band.conductor.rolls()[Role.LEAD] is first[Role.LEAD]
    band.hear("G7", 60)
    later = band.conductor.rolls()
    assert later[Role.BASS].revision > first[Role.BASS].revision
    assert {n.state for n in later[Role.BASS].notes} <= {"s", "l", "p"}
    assert [n.tick for n in later[Role.BASS].notes] == [n.tick for n in band.plan[Role.BASS]]


@pytest.mark.parametrize(
    ("action", "argument"),
    [
        ("style", "polka"),
        ("meter", "9/8"),
        ("energy", "loud"),
        ("temperature", 2.0),
        ("grid", "1/3"),
        ("dance", None),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(action: str, argument: str | float | None) -> None:
    band = Player()
    with pytest.raises(JamtuiError) as error:
        band.act(action, argument)
    assert str(error.value).endswith(".")


def test_settings_apply_at_once_while_stopped() -> None:
    band = Player()
    band.act("style", "other")
    band.act("energy_up")
    band.act("meter", "6/8")
    band.act("grid")
    assert band.conductor.settings.style == "other"
    assert band.conductor.settings.energy == 0.6
    assert band.conductor.settings.meter == METERS["6/8"]
    assert band.conductor.settings.grid == "1/16"


def test_a_panic_is_a_moment_and_the_plan_goes_on_also_while_frozen() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, BAR + 100)
    for tick in (BAR + 100, BAR + 900):
        planned = {r: [n for n in band.plan[r] if n.tick >= tick + 200] for r in Role}
        assert any(planned.values())
        splices = [c for c in band.conductor.play_on(tick) if isinstance(c, Splice)]
        assert {s.role for s in splices} == set(Role)
        assert all(tick < s.from_tick <= tick + 200 for s in splices)
        for splice in splices:
            assert [n for n in splice.notes if n.tick >= tick + 200] == planned[splice.role]
        band.act("freeze", tick=tick)
    assert Player().conductor.play_on(0) == []


def test_frozen_bars_pass_the_guard_and_are_recorded() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, BAR + 100)
    band.act("freeze", tick=BAR + 100)
    assert not band.conductor.may_answer(BAR + 200)
    band.conductor.drain_accepted()
    band.run(BAR + 200, 5 * BAR)
    bars = band.conductor.drain_accepted()
    assert {b.role for b in bars} == set(Role)
    assert {b.start_tick for b in bars} == {3 * BAR, 4 * BAR, 5 * BAR, 6 * BAR}
    assert not band.conductor.guard.refused


def test_a_bar_of_its_own_that_the_guard_refuses_becomes_a_plain_one_and_is_counted() -> None:
    crowd = [(n / 32, 1 / 32, 0, Function.CHORD) for n in range(128)]
    dense = phrase("crowd", Role.BASS, "any", crowd, ((0, 0, "7"),))
    band = Player(small=ReflexBook("dense", (dense,)))
    band.start()
    band.hear("F#m7b5", -10)
    band.run(0, BAR)
    guard = band.conductor.guard
    assert guard.refused["density"] or guard.refused["grid"]
    assert guard.repaired["replaced"] == sum(guard.refused.values())
    assert band.conductor.label(Role.BASS, 10) == "plain"
    notes = band.notes(Role.BASS, 0, BAR)
    assert len(notes) >= 2
    assert {n.pitch % 12 for n in notes} <= chord_tones(parse_chord("F#m7b5"))


def test_a_chord_is_for_somebody_only_where_a_pitched_role_may_answer() -> None:
    band = Player()
    assert not band.conductor.may_answer(0)
    band.start()
    assert band.conductor.may_answer(0)
    for role in PITCHED:
        band.act(f"mute_{role.value}")
    assert not band.conductor.may_answer(0)


@pytest.mark.parametrize(("bars", "ends"), [(3, 3), (4, 2), (6, 2)])
def test_an_ending_lets_the_lead_finish_a_phrase_that_is_not_long(bars: int, ends: int) -> None:
    """Asked for in the first bar. Bar line 2 would cut the phrase: the end of the 3rd bar is waited for, a
    later one is not."""
    tones = [(float(n), 0.5, (0, 4, 7, 11)[n % 4], Function.CHORD) for n in range(4 * bars)]
    long = phrase("long", Role.LEAD, "major", tones, ((0, 0, "maj7"),), bars=bars)
    band = Player(small=ReflexBook("long", (long,)))
    band.start()
    band.hear("Cmaj7", -10)
    band.run(0, 100)
    before = [n for n in band.plan[Role.LEAD] if n.tick < 2 * BAR]
    band.act("ending", tick=100)
    band.run(100, 5 * BAR)
    assert max(n.tick for role in Role for n in band.plan[role]) == ends * BAR
    assert [n for n in band.plan[Role.LEAD] if n.tick < 2 * BAR] == before
