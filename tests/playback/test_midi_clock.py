import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from jamtui.playback.clock import MusicalClock
from jamtui.playback.midi_clock import CLOCK, CONTINUE, START, STOP, MidiClockFollower, pulses, song_position

SECOND = 1_000_000_000
MS = 1_000_000


class Sender:
    """A sender whose true musical time is known: pulses stamped late or early by a seeded jitter."""

    def __init__(
        self, seed: int, tempo: Callable[[float], float], seconds: float, jitter_ns: float = 3e6
    ) -> None:
        draw = random.Random(seed)
        self.true: list[float] = []
        t = float(SECOND)
        while t < (1 + seconds) * SECOND:
            self.true.append(t)
            t += 60e9 / tempo(t / SECOND - 1) / 24
        self.stamps = [int(t + draw.uniform(-jitter_ns, jitter_ns)) for t in self.true]


def follow(
    sender: Sender, start_bpm: float = 110.0, lost: tuple[float, float] = (1e9, 1e9)
) -> list[tuple[float, float, float, bool]]:
    """Every 5 ms from Start: seconds, phase error in ms, tick, locked. Pulses in ``lost`` never arrive."""
    clock = MusicalClock(start_bpm)
    follower = MidiClockFollower(clock)
    follower.feed(SECOND - 10 * MS, START)
    out: list[tuple[float, float, float, bool]] = []
    fed = at = 0
    ns = SECOND - 5 * MS
    while ns < sender.true[-1] - 10 * MS:
        while sender.stamps[fed] <= ns:
            if not lost[0] <= sender.true[fed] / SECOND - 1 < lost[1]:
                follower.feed(sender.stamps[fed], CLOCK)
            fed += 1
        follower.poll(ns)
        while sender.true[at + 1] <= ns:
            at += 1
        if clock.running and ns >= sender.true[0]:
            period = sender.true[at + 1] - sender.true[at]
            right = 40 * (at + (ns - sender.true[at]) / period)
            tick = clock.segment.tick_at(ns)
            out.append((ns / SECOND - 1, (tick - right) * period / 40 / MS, tick, follower.locked))
        ns += 5 * MS
    return out


def p99(errors: list[float]) -> float:
    return sorted(map(abs, errors))[int(len(errors) * 0.99)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bpm", [60.0, 120.0, 200.0])
def test_phase_error_under_jitter(seed: int, bpm: float) -> None:
    followed = follow(Sender(seed, lambda t: bpm, 30))
    assert p99([error for t, error, _, _ in followed if t > 2]) <= 1.5
    if bpm == 120.0:
        assert p99([error for _, error, _, _ in followed]) <= 2.0


@pytest.mark.parametrize("seed", range(8))
def test_a_tempo_jump_is_followed_within_a_bar(seed: int) -> None:
    followed = follow(Sender(seed, lambda t: 120.0 if t < 15 else 140.0, 25))
    bar = 4 * 60 / 140
    after = [error for t, error, _, _ in followed if t > 15 + bar]
    assert max(map(abs, after)) <= 3.0
    assert p99(after) <= 2.0
    # And on the way there nothing runs away.
    assert max(abs(error) for t, error, _, _ in followed if t > 2) < 30.0


@pytest.mark.parametrize("seed", range(8))
def test_a_drop_out_of_five_seconds_drifts_little_and_heals_without_a_jump(seed: int) -> None:
    followed = follow(Sender(seed, lambda t: 120.0, 25), lost=(10.0, 15.0))
    assert max(abs(error) for t, error, _, _ in followed if 10 <= t < 15.05) <= 10.0
    assert max(abs(error) for t, error, _, _ in followed if t > 16) <= 2.0
    assert {locked for t, _, _, locked in followed if 10.2 < t < 14.9} == {False}
    assert {locked for t, _, _, locked in followed if t > 15.1 or 1 < t < 9.9} == {True}
    # 5 ms are 9.6 ticks at 120 BPM: musical time never stands, steps or hurries.
    steps = [b[2] - a[2] for a, b in pairwise(followed) if a[0] > 2]
    assert min(steps) > 9.6 * 0.93
    assert max(steps) < 9.6 * 1.07


@pytest.mark.parametrize("seed", range(3))
def test_lost_pulses_do_not_move_the_place(seed: int) -> None:
    followed = follow(Sender(seed, lambda t: 120.0, 20), lost=(10.0, 10.06))
    assert max(abs(error) for t, error, _, _ in followed if t > 2) <= 3.0


@pytest.mark.parametrize(("slow", "fast"), [(120.0, 60.0), (70.0, 180.0)])
def test_a_tempo_far_off_is_found_too(slow: float, fast: float) -> None:
    followed = follow(Sender(1, lambda t: slow if t < 8 else fast, 20))
    assert max(abs(error) for t, error, _, _ in followed if t > 11) <= 2.0


def test_a_slow_accelerando_is_followed() -> None:
    followed = follow(Sender(1, lambda t: 100.0 + t, 30))
    assert p99([error for t, error, _, _ in followed if t > 3]) <= 5.0


def test_without_jitter_the_place_is_exact() -> None:
    followed = follow(Sender(0, lambda t: 120.0, 10, jitter_ns=0), start_bpm=120.0)
    assert max(abs(error) for _, error, _, _ in followed) < 0.01


def test_a_clock_that_is_lost_while_it_bends_comes_back_to_the_tempo() -> None:
    clock = MusicalClock(120.0)
    follower = MidiClockFollower(clock)
    follower.feed(SECOND, START)
    last = steady(follower, SECOND + MS, 96)
    # Off by 30 ms, as after a change by hand: the last pulse before the loss bends the tempo.
    clock.follow(clock.segment.tick_at(last) + 57.6, last, clock.segment.ns_per_tick)
    follower.feed(last + 20_833_333, CLOCK)
    assert clock.bpm < 119.0
    for ns in range(last + 20_833_333, last + 5 * SECOND, 5 * MS):
        follower.poll(ns)
    assert not follower.locked
    assert clock.bpm == pytest.approx(120.0, rel=1e-4)
    assert clock.segment.tick_at(last + 5 * SECOND) == pytest.approx(95 * 40 + 9600, abs=0.1)


def steady(follower: MidiClockFollower, first: int, count: int, period: int = 20_833_333) -> int:
    for index in range(count):
        follower.feed(first + index * period, CLOCK)
    return first + (count - 1) * period


def test_start_means_that_the_next_pulse_is_tick_zero() -> None:
    clock = MusicalClock(120.0)
    follower = MidiClockFollower(clock)
    follower.feed(SECOND, START)
    assert not clock.running
    assert clock.segment.tick_at(2 * SECOND) == 0
    follower.feed(3 * SECOND, CLOCK)
    assert clock.running
    assert clock.segment.tick_at(3 * SECOND) == pytest.approx(0.0, abs=0.01)
    assert follower.locked


def test_stop_holds_and_continue_goes_on_with_the_next_pulse() -> None:
    clock = MusicalClock(120.0)
    follower = MidiClockFollower(clock)
    follower.feed(SECOND, START)
    last = steady(follower, SECOND + MS, 49)
    follower.feed(last + 5 * MS, STOP)
    assert not clock.running
    assert clock.segment.tick0 == pytest.approx(48 * 40 + 9.6, abs=0.5)
    jumps = clock.segment.jump
    # A sender that keeps pulsing while stopped: the place does not move.
    still = steady(follower, last + 20_833_333, 24)
    assert clock.segment.tick_at(still + SECOND) == pytest.approx(48 * 40 + 9.6, abs=0.5)
    follower.feed(still + 10 * MS, CONTINUE)
    follower.feed(still + 20_833_333, CLOCK)
    assert clock.running
    assert clock.segment.tick_at(still + 20_833_333) == pytest.approx(49 * 40, abs=0.5)
    assert clock.segment.jump - jumps <= 1


def test_song_position_then_continue_lands_on_its_sixteenth() -> None:
    clock = MusicalClock(120.0)
    follower = MidiClockFollower(clock)
    follower.feed(SECOND, song_position(7 * 3840 + 240))
    assert clock.segment.tick0 == 7 * 3840 + 240
    follower.feed(SECOND + MS, CONTINUE)
    follower.feed(2 * SECOND, CLOCK)
    assert clock.segment.tick_at(2 * SECOND) == pytest.approx(7 * 3840 + 240, abs=0.01)


@pytest.mark.parametrize("phase", [0.0, 0.1, 0.2, 0.5, 0.8, 0.9])
@pytest.mark.parametrize("jitter", [0, 3 * MS])
def test_pulses_that_stopped_begin_anew_with_continue(phase: float, jitter: int) -> None:
    draw = random.Random(phase)
    period = round(60 * SECOND / 140 / 24)
    clock = MusicalClock(140.0)
    follower = MidiClockFollower(clock)
    follower.feed(SECOND - 5 * MS, START)
    for n in range(96):
        follower.feed(SECOND + n * period + round(draw.uniform(-jitter, jitter)), CLOCK)
    stopped = SECOND + 96 * period
    follower.feed(stopped - 6 * MS, STOP)
    again = stopped + round((17 + phase) * period)
    follower.feed(again - 60 * MS, song_position(40 * 24 * 16))
    follower.feed(again - 8 * MS, CONTINUE)
    errors: list[float] = []
    for n in range(96):
        at = again + n * period
        follower.feed(at + round(draw.uniform(-jitter, jitter)), CLOCK)
        now = at + period // 2
        right = 40 * (24 * 16 + n + 0.5)
        errors.append((clock.segment.tick_at(now) - right) * period / 40 / MS)
    assert max(map(abs, errors)) <= 0.05 + jitter / MS


def test_song_position_while_playing_moves_with_the_next_pulse() -> None:
    clock = MusicalClock(120.0)
    follower = MidiClockFollower(clock)
    follower.feed(SECOND, START)
    last = steady(follower, SECOND + MS, 48)
    jumps = clock.segment.jump
    follower.feed(last + 3 * MS, song_position(38_400))
    follower.feed(last + 20_833_333, CLOCK)
    assert clock.segment.tick_at(last + 20_833_333) == pytest.approx(38_400, abs=0.5)
    assert clock.segment.jump == jumps + 1
    steady(follower, last + 2 * 20_833_333, 24)
    assert clock.segment.tick_at(last + 25 * 20_833_333) == pytest.approx(38_400 + 24 * 40, abs=0.5)


def test_start_while_playing_begins_again() -> None:
    clock = MusicalClock(120.0)
    follower = MidiClockFollower(clock)
    follower.feed(SECOND, START)
    last = steady(follower, SECOND + MS, 48)
    follower.feed(last + MS, START)
    assert not clock.running
    follower.feed(last + 7 * MS, CLOCK)
    assert clock.segment.tick_at(last + 7 * MS) == pytest.approx(0.0, abs=0.5)


def test_pulses_without_start_give_the_tempo_and_keep_a_stopped_clock_stopped() -> None:
    clock = MusicalClock(100.0)
    follower = MidiClockFollower(clock)
    last = steady(follower, SECOND, 97)
    assert follower.bpm == pytest.approx(120.0, rel=1e-3)
    assert not clock.running
    # Started here: the tempo is the sender's, and the nearest pulse is the pulse.
    clock.start(last + MS)
    steady(follower, last + 20_833_333, 97)
    assert clock.bpm == pytest.approx(120.0, rel=1e-3)


def test_a_step_further_than_the_limit_is_a_jump() -> None:
    clock = MusicalClock(120.0)
    follower = MidiClockFollower(clock)
    follower.feed(SECOND, START)
    last = steady(follower, SECOND + MS, 48)
    jumps = clock.segment.jump
    clock.locate(9_600, last + MS)
    follower.feed(last + 20_833_333, CLOCK)
    assert clock.segment.jump == jumps + 2
    assert clock.segment.tick_at(last + 20_833_333) == pytest.approx(48 * 40, abs=0.5)


def test_other_bytes_are_ignored() -> None:
    clock = MusicalClock(120.0)
    follower = MidiClockFollower(clock)
    for data in (b"", b"\xfe", b"\xf2\x01", b"\xb0\x7b\x00", b"\x90\x3c\x40"):
        follower.feed(SECOND, data)
    assert clock.segment.revision == 0


def test_sending_covers_a_range_once() -> None:
    assert [message.tick for message in pulses("out", 0, 81)] == [0, 40, 80]
    assert [message.tick for message in pulses("out", 81, 160)] == [120]
    assert {message.data for message in pulses("out", 0, 960)} == {CLOCK}
    assert len(pulses("out", 0, 960)) == 24


def test_song_position_bytes() -> None:
    assert song_position(0) == b"\xf2\x00\x00"
    assert song_position(3840 * 10) == bytes((0xF2, 160 & 0x7F, 160 >> 7))
    assert song_position(-5) == b"\xf2\x00\x00"
    assert song_position(10**9) == b"\xf2\x7f\x7f"


@pytest.mark.parametrize("held_ms", [12, 17, 24, 38, 55])
@pytest.mark.parametrize("seed", range(4))
def test_pulses_that_were_held_up_are_not_counted_twice(seed: int, held_ms: int) -> None:
    sender = Sender(seed, lambda t: 120.0, 20)
    for start in (200, 400, 600):
        # Everything that should come in this time comes at its end, all at once.
        end = sender.stamps[start] + held_ms * MS
        late = [i for i in range(start, start + 6) if sender.stamps[i] < end]
        for number, index in enumerate(late):
            sender.stamps[index] = end + number * 10_000
    sender.stamps.sort()
    followed = follow(sender)
    for begin, end_s in ((7.0, 8.2), (11.2, 12.4), (16.0, 19.0)):
        assert max(abs(error) for t, error, _, _ in followed if begin < t < end_s) < 4.0
