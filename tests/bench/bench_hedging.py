"""What sounds wrong just after a change of chord that comes late, with hedging and without.

    python -m tests.bench.bench_hedging DATA [--songs N] [--bars N] [--seed N] [--only CORPUS]

The chord tracks of DATA (as in ``bench_prediction``) are played to the whole band in virtual time: every
change 0 to 80 ms after its beat, its notes spread over 5 to 40 ms, one in fifty a wrong chord; the first
``--bars`` bars, so that most changes are heard for the first time. Styles in turn, at their own tempo.
Counted is, in the 100 ms after each beat at which the chord changes (the first one apart), the share of the
sounding time of bass, comp and lead that lies outside the scale of the chord that comes. The same seed and
keys are played with hedging and without. Beside it: to the bar, beats in doubt at which no chord came and at
which neither bass nor comp began in time; chords answered at their grid point; dead air. Not collected by
pytest.
"""

import argparse
import os
import random
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from jamtui.music.chord import make_chord
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Role
from jamtui.playback.commands import SentNote
from jamtui.session.habit import Doubts
from jamtui.session.settings import PITCHED
from jamtui.session.voicelead import chord_table
from tests.bench.bench_prediction import Track, notes_of, read_tracks
from tests.session.stage import MS, Stage, styles

AFTER_NS = 100 * MS
COLUMNS = (
    "corpus", "changes", "hedging", "wrong", "bass", "comp", "lead", "ms a change", "late for nothing, a bar",
    "answered", "dead air",
)  # fmt: skip
Interval = tuple[Role, int, int, int]
"""Role, pitch, on and off in nanoseconds."""


@dataclass
class Figures:
    """Times in nanoseconds, by role."""

    changes: int = 0
    sounding: Counter[Role] = field(default_factory=Counter)
    wrong: Counter[Role] = field(default_factory=Counter)
    bars: float = 0.0
    late_starts: int = 0
    answered: int = 0
    chords: int = 0
    dead_air: int = 0

    def ms(self) -> float:
        """Milliseconds of wrong notes to the change, roles together."""
        return sum(self.wrong.values()) / MS / max(1, self.changes)

    def share(self, role: Role | None) -> float:
        """Wrong of sounding time, of one role or of all."""
        roles = PITCHED if role is None else (role,)
        return sum(self.wrong[r] for r in roles) / max(1, sum(self.sounding[r] for r in roles))


def perform(track: Track, style: str, bars: int, seed: int, hedge: bool, figures: Figures) -> None:
    """Play the beginning of one track and count."""
    rng = random.Random(f"{seed} {track.corpus} {track.bars} {len(track.chords)}")
    stage = Stage(style=style, seed=seed, tempo=float(styles()[style].tempo), hedge=hedge)
    stage.act("meter", track.meter.name)
    stage.act("start_stop")
    zero = stage.clock.segment.ns_at(0)
    ns_per_quarter = 60_000_000_000 / stage.tempo
    last = bars * track.meter.bar_ticks / PPQ
    changes = []
    doubted: dict[int, Doubts] = {}
    down: list[int] = []
    for number, (place, chord) in enumerate(c for c in track.chords if c[0] < last):
        if rng.random() < 0.02:
            chord = make_chord(rng.randrange(12), rng.choice(["", "m7", "7"]))
        beat = zero + round(place * ns_per_quarter)
        struck = beat + round(rng.uniform(0, 80) * MS)
        spread = rng.uniform(5, 40) * MS
        until(stage, struck, doubted)
        stage.lift(*down)
        down = notes_of(chord)
        for n, note in enumerate(down):
            until(stage, struck + round(spread * n / len(down)), doubted)
            stage.press(note)
        if number:
            changes.append((beat, chord_table(chord, stage.band.chords.key, 0.0).scale))
    until(stage, zero + round(last * ns_per_quarter), doubted)
    notes = intervals(stage)
    came = {beat for beat, _ in changes}
    for beat, scale in changes:
        for role, pitch, on, off in notes:
            inside = min(off, beat + AFTER_NS) - max(on, beat)
            if inside > 0:
                figures.sounding[role] += inside
                figures.wrong[role] += inside * (pitch % 12 not in scale)
    figures.changes += len(changes)
    figures.bars += last * PPQ / track.meter.bar_ticks
    for tick in doubted:
        beat = round(stage.clock.segment.ns_at(tick))
        if not any(abs(beat - other) < MS for other in came):
            begins = min(
                (on for role, _, on, _ in notes if role is not Role.LEAD and on >= beat - 20 * MS), default=0
            )
            figures.late_starts += begins - beat > 60 * MS
    figures.dead_air += stage.band.kpi.dead_air
    share = stage.band.kpi.response_share
    figures.chords += len(changes)
    figures.answered += round((1.0 if share is None else share) * len(changes))


def until(stage: Stage, ns: int, doubted: dict[int, Doubts]) -> None:
    """Let time pass up to ``ns``, noting what the band was in doubt about."""
    stage.play_until(max(ns, stage.time()))
    doubts = stage.band.conductor.doubts
    for doubt in doubts.changes:
        doubted.setdefault(doubt.tick, doubts)


def intervals(stage: Stage) -> list[Interval]:
    """All that sounded of the pitched roles."""
    begun: dict[tuple[Role, int], int] = {}
    found: list[Interval] = []
    for report in stage.all_reports:
        if not isinstance(report, SentNote) or report.role not in PITCHED:
            continue
        key = (report.role, report.pitch)
        if (on := begun.pop(key, None)) is not None:
            found.append((*key, on, report.sent_ns))
        if report.on:
            begun[key] = report.sent_ns
    return found


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--songs", type=int, default=8, help="of each corpus")
    parser.add_argument("--bars", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="CORPUS")
    arguments = parser.parse_args()
    tracks: dict[str, list[Track]] = defaultdict(list)
    for track in read_tracks(arguments.data):
        if arguments.only in (None, track.corpus):
            tracks[track.corpus].append(track)
    names = list(styles())
    whole = {hedge: Figures() for hedge in (False, True)}
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + "---|" * len(COLUMNS))
    for corpus, songs in sorted(tracks.items()):
        chosen = songs[:: max(1, len(songs) // arguments.songs)][: arguments.songs]
        for hedge in (False, True):
            figures = Figures()
            for number, track in enumerate(chosen):
                perform(track, names[number % len(names)], arguments.bars, arguments.seed, hedge, figures)
            row(corpus, hedge, figures)
            add(whole[hedge], figures)
    for hedge in (False, True):
        row("all", hedge, whole[hedge])
    print(f"load {os.getloadavg()[0]:.2f}")
    return 0


def add(whole: Figures, part: Figures) -> None:
    """Sum up."""
    whole.sounding += part.sounding
    whole.wrong += part.wrong
    for name in ("changes", "bars", "late_starts", "answered", "chords", "dead_air"):
        setattr(whole, name, getattr(whole, name) + getattr(part, name))


def row(name: str, hedge: bool, f: Figures) -> None:
    """One line of the table."""
    shares = " | ".join(f"{f.share(role):.3f}" for role in (None, *PITCHED))
    late, answered = f.late_starts / max(1.0, f.bars), f.answered / max(1, f.chords)
    rest = f"{f.ms():.1f} | {late:.3f} | {answered:.4f} | {f.dead_air}"
    print(f"| {name} | {f.changes} | {'on' if hedge else 'off'} | {shares} | {rest} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
