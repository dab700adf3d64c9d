"""The dry run goes through the same code as the music, and leaves nothing behind."""

import itertools

from jamtui.playback.dry_run import DryRun
from jamtui.playback.waiting import REHEARSE_NS, SPIN_NS, PreciseWait


def test_a_run_strikes_a_line_and_a_drum_and_ends_what_the_run_before_left() -> None:
    dry = DryRun(0)
    first = dry.run(1_000_000)
    assert first == 4  # two notes of a line, the end of the first, and a drum
    for number in range(2, 2000):
        # ... and from the second run on the two ends that were left.
        assert dry.run(number * 1_000_000) == 6


def test_a_wait_rehearses_in_the_last_stretch_and_not_just_before_the_deadline() -> None:
    time = [0]
    rehearsed: list[int] = []

    def now() -> int:
        time[0] += 10_000
        return time[0]

    wait = PreciseWait(now=now, rehearse=rehearsed.append)
    wait.until(SPIN_NS - 100_000)
    assert rehearsed
    assert all(b - a >= REHEARSE_NS for a, b in itertools.pairwise(rehearsed))
    assert all(at < SPIN_NS - 100_000 - REHEARSE_NS for at in rehearsed)


def test_a_command_that_waits_is_not_kept_waiting_by_rehearsals() -> None:
    time = [0]

    def now() -> int:
        time[0] += 10_000
        return time[0]

    pending: list[str] = []
    wait = PreciseWait(now=now, rehearse=lambda _at: pending.append("a command"))
    wait.until(1_400_000, pending)
    assert len(pending) == 1
