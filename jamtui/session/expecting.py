"""How the plan follows the chords that are expected: they are planned for where that is sure, hedged against
where it is not, and given up where they do not come."""

from collections.abc import Callable, Iterator

from jamtui.music.meter import EIGHTH
from jamtui.music.phrase import Role
from jamtui.playback.commands import Command
from jamtui.session.answering import answer_chord, grid_point
from jamtui.session.foresight import Foresight
from jamtui.session.planning import Answer, Planner, lock_ticks
from jamtui.session.runway import RunwayBar
from jamtui.session.settings import PITCHED, BandSettings

SLACK = EIGHTH
"""Ticks by which a stamp may lie behind the moment it is dealt with, without any difference."""


def look_ahead(
    planner: Planner,
    foresight: Foresight,
    settings: BandSettings,
    settings_at: Callable[[int], BandSettings],
    *,
    frozen: bool,
) -> Iterator[Command]:
    """Plan for what the chords that were heard make likely, but nothing while the bars are ``frozen``."""
    harmony = planner.harmony
    doubts = harmony.doubts
    since = foresight.think()
    if frozen:
        return
    if since is not None:
        yield from _foresee(planner, settings, since, foresight.known_at)
    if harmony.doubts is not doubts:
        stays = foresight.known_at + lock_ticks(planner.hedger.bpm) + SLACK
        yield from _hedge_planned(planner, settings_at, stays)


def give_up(
    planner: Planner, foresight: Foresight, settings: BandSettings, tick: int, *, frozen: bool
) -> Iterator[Command]:
    """An expected change that did not come by ``tick`` is given up: the chord before it holds again, as if it
    had been played."""
    ends, bpm = planner.ends_at, planner.hedger.bpm
    # The chord of the last hit is final, played or not.
    while (due := foresight.due) <= tick and (ends is None or due < ends):
        goal = grid_point(planner, settings, due)
        if not foresight.missed(due):
            continue
        chord = planner.harmony.deny(goal)
        if chord is not None and not frozen:
            answer = Answer(goal, 0, 0)
            yield from answer_chord(planner, settings, answer, chord, due, due + lock_ticks(bpm), bpm)


def _foresee(planner: Planner, settings: BandSettings, since: int, known_at: int) -> Iterator[Command]:
    """Other chords than were planned for are expected from ``since`` on: the pitched roles follow, where they
    are planned that far. Phrases that fit go on."""
    if since >= planner.planned_until:
        return
    chord = planner.harmony.at(since)
    previous = planner.harmony.previous(since)
    for role in PITCHED:
        if role not in settings.roles:
            continue
        if chord is None:
            planner.players[role].forget(since)
        else:
            planner.players[role].meet(since, chord, previous)
        changed = planner.replan((role,), since, known_at)
        yield planner.splice(role, changed[role])


def _hedge_planned(
    planner: Planner, settings_at: Callable[[int], BandSettings], since: int
) -> Iterator[Command]:
    """What is planned already is hedged against what is in doubt now (bars that are planned later are hedged
    as they are made). Notes before ``since`` stay as they are."""
    doubts = planner.harmony.doubts
    for role in PITCHED if doubts else ():
        bars = [b for b in planner.runways[role].bars if b.end > doubts.changes[0].tick]
        starts = [
            s for b in bars if (s := _hedge_bar(planner, settings_at(b.start), role, b, since)) is not None
        ]
        if starts:
            yield planner.splice(role, min(starts))


def _hedge_bar(
    planner: Planner, settings: BandSettings, role: Role, planned: RunwayBar, since: int
) -> int | None:
    """Hedge one bar. Returns the first tick that changed, None where nothing did."""
    bar = planned.again(planner.session, role, planner.revision, planner.seed)
    hedged = planner.hedged(bar, settings)
    if hedged is bar:
        return None
    # Onsets off the grid were free answers.
    limits = planner.limits(role, settings, frozenset(n.onset for n in (*bar.notes, *hedged.notes)))
    judged = planner.guard.check(hedged, limits).bar
    if judged is None:
        return None
    changed = (planned.start + n.onset for n in set(judged.notes) ^ set(bar.notes))
    later = [tick for tick in changed if tick >= since]
    return planner.accept(judged, min(later)) if later else None
