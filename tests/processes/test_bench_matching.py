"""The engine's record beside the wire: which note answers which chord."""

import itertools

from jamtui.processes.benching.answering import at_next_grid_point
from jamtui.processes.benching.failing import same_notes
from jamtui.processes.benching.following import BAR, Score
from jamtui.processes.benching.matching import (
    Answered,
    Arrival,
    HeardChord,
    Out,
    answers,
    ended_after,
    heard_between,
    on_wire,
    read_heard,
    read_outs,
    sounding_at,
)
from jamtui.processes.benching.playing import attacks, random_times, trigger_of, voicings

MS = 1_000_000


def out(
    ms: float, pitch: int, *, trigger: int = 0, on: bool = True, role: str = "bass", tick: int = 0
) -> Out:
    data = bytes((0x91 if on else 0x81, pitch, 80 if on else 0))
    return Out(round(ms * MS), round(ms * MS), tick, role, role, data, trigger)


def arrival(ms: float, pitch: int, *, on: bool = True, port: str = "bass") -> Arrival:
    return Arrival(round(ms * MS), port, bytes((0x91 if on else 0x81, pitch, 80 if on else 0)))


def test_outputs_are_read_from_journal_records() -> None:
    places = {"role": "lead", "port": "lead", "tick": 480}
    record = {"t": "out", "ns": 9, "due": 7, "hex": "903c40", "trigger": 5, **places}
    assert read_outs([{"t": "text"}, record, {**record, "ns": 4, "hex": "803c00"}]) == [
        Out(4, 7, 480, "lead", "lead", b"\x80\x3c\x00", 5),
        Out(9, 7, 480, "lead", "lead", b"\x90\x3c\x40", 5),
    ]
    heard = {
        "t": "chord",
        "ns": 3,
        "tick": 1.5,
        "kind": "settled",
        "symbol": "Dm7",
        "trigger": 2,
        "notes": [],
    }
    assert read_heard([heard]) == [HeardChord(3, 1.5, "settled", "Dm7", 2)]


def test_each_output_gets_the_first_arrival_nobody_took() -> None:
    outs = [out(0, 40), out(10, 40), out(20, 40), out(30, 41)]
    seen = [arrival(1, 40), arrival(11, 40), arrival(31, 41, port="lead")]
    assert on_wire(outs, seen) == [1 * MS, 11 * MS, None, None]


def test_an_arrival_before_its_output_belongs_to_something_else() -> None:
    assert on_wire([out(10, 40)], [arrival(2, 40), arrival(12, 40)]) == [12 * MS]
    assert on_wire([out(10, 40)], [arrival(300, 40)]) == [None]


def test_a_chord_is_answered_by_the_earliest_arrival_with_its_trigger() -> None:
    outs = [
        out(90, 38),
        out(104, 40, trigger=101 * MS),
        out(105, 52, trigger=101 * MS, role="comp"),
        out(560, 45, trigger=502 * MS),
    ]
    wire: list[int | None] = [91 * MS, 107 * MS, 106 * MS, 562 * MS]
    first, second, third = answers([100 * MS, 500 * MS, 900 * MS], outs, wire)
    assert first is not None
    assert (first.ttfn_ms, first.stamp_ns, len(first.outs)) == (6.0, 101 * MS, 2)
    assert second is not None
    assert second.ttfn_ms == 62.0
    assert third is None


def test_a_note_that_never_arrived_answers_nothing() -> None:
    assert answers([100 * MS], [out(104, 40, trigger=101 * MS)], [None]) == [None]


def test_what_was_heard_belongs_to_its_press() -> None:
    told = HeardChord(100, 0.0, "provisional", "Dm", 100)
    better = HeardChord(120, 0.0, "revised", "Dm7", 100)
    label = HeardChord(220, 0.0, "settled", "Dm7", 100)
    nxt = HeardChord(510, 0.0, "provisional", "G7", 510)
    assert heard_between([told, better, label, nxt], [99, 505]) == [[told, better, label], [nxt]]


def test_sounding_keys_and_their_ends() -> None:
    seen = [
        arrival(0, 40),
        arrival(1, 43),
        arrival(2, 40, on=False),
        Arrival(900 * MS, "bass", b"\x91\x2b\x00"),
    ]
    assert sounding_at(seen, 10 * MS) == {("bass", 1, 43)}
    assert ended_after(seen, {("bass", 1, 43), ("bass", 1, 50)}, 10 * MS) == {
        ("bass", 1, 43): 900 * MS,
        ("bass", 1, 50): None,
    }


def test_same_notes_looks_at_the_bars_that_both_played() -> None:
    first = [out(0, 40, tick=0), out(1, 41, tick=3000), out(2, 42, tick=3900), out(3, 43, tick=8000)]
    second = [*first[:3], out(4, 99, tick=7000), out(5, 43, tick=8000)]
    assert same_notes(first, first[:3]) == (True, 2, 1)
    assert same_notes(first, second) == (False, 3, 2)
    assert same_notes(first[:1], first[:1]) == (False, 0, 0)


def test_a_chord_is_one_at_its_third_pitch_class_or_after_30_ms() -> None:
    assert trigger_of([(48, 0), (60, 5 * MS), (64, 6 * MS), (67, 9 * MS)]) == 9 * MS
    assert trigger_of([(48, 0), (64, 20 * MS), (67, 39 * MS)]) == 30 * MS
    assert trigger_of([(48, 7)]) == 7 + 30 * MS


def test_chords_are_seeded_change_their_root_and_keep_to_their_spread() -> None:
    source = voicings(3)
    drawn = [next(source) for _ in range(50)]
    assert all(a[0] % 12 != b[0] % 12 for a, b in itertools.pairwise(drawn))
    assert all(len({k % 12 for k in keys}) >= 3 and keys[0] < min(keys[1:]) for keys in drawn)
    times = random_times(3, 50, 1000, 400.0, 520.0)
    assert all(400 * MS <= b - a <= 520 * MS for a, b in itertools.pairwise(times))
    made = attacks(3, times, spread_ms=(5.0, 40.0))
    assert made == attacks(3, times, spread_ms=(5.0, 40.0))
    widths = [max(d for _, d in a.keys) for a in made]
    assert all(5 * MS - 1 <= w <= 40 * MS for w in widths)
    assert all(min(d for _, d in a.keys) == 0 for a in made)
    assert {len(a.strokes()) for a in attacks(3, times)} <= {6, 8, 10, 12}
    for seed in range(40):  # nor does a block begin with the chord that the one before ended with
        assert attacks(seed, times[:1], after=made[-1])[0].bass % 12 != made[-1].bass % 12


def test_the_score_knows_where_the_music_is() -> None:
    score = Score(0, 120.0, 1)
    steady = score.run(4.0)
    score.run(2.0, silent=True)
    back = score.run(4.0, 140.0)
    assert len(score.strokes) == 8 * 24
    assert all(abs(at - i * 60e9 / 120 / 24) <= 3 * MS + 1 for i, (at, _, _) in enumerate(score.strokes[:96]))
    right = out(1000, 36, role="drums", tick=1920)
    late = out(1504, 36, role="drums", tick=2880)
    assert score.errors(steady, [right, late]) == [(1920, 0.0), (2880, 4.0)]
    # The second run began at 3 s and tick 5760, at 140.
    note = out(3000 + 60_000 / 140, 36, role="drums", tick=5760 + 960)
    ((tick, error),) = score.errors(back, [right, late, note])
    assert (tick, round(error, 3)) == (6720, 0.0)
    assert BAR == 3840


def test_the_answer_is_wanted_at_the_next_eighth() -> None:
    tick_ns = 60e9 / 120 / 960

    def found(tick: float, *notes: Out) -> int | None:
        note = at_next_grid_point(Answered(0, 0, 0, notes), tick, tick_ns)
        return None if note is None else note.tick

    at_goal, later = out(250, 40, tick=960), out(500, 40, tick=1440)
    assert found(500.5, at_goal, later) == 960
    assert found(960.0, at_goal) == 960
    assert found(500.5, later) is None
    # 30 ms after the eighth at 480 a wrong note is replaced at once; the answer still comes at 960.
    at_once = out(5, 40, tick=538)
    assert found(537.5, at_once, at_goal) == 960
    assert found(537.5, at_once) is None
    assert found(537.5, at_once, later) is None
    # 100 ms after it nothing is replaced, so a note before the grid point is one too early.
    assert found(672.5, out(5, 40, tick=673), at_goal) is None
    # Nor is a note long after the press.
    assert found(537.5, out(150, 40, tick=800), at_goal) is None
