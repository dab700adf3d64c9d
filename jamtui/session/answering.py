"""How the plan answers a chord: what is taken back, what is planned anew, and what stands."""

from collections.abc import Iterator, Sequence

from jamtui.music.chord import Chord
from jamtui.music.meter import PPQ, next_grid
from jamtui.music.phrase import MONOPHONIC, Role, Source
from jamtui.music.scale import adds_colour
from jamtui.playback.commands import Command, Splice
from jamtui.session.habit import NONE, Doubts
from jamtui.session.heard import Heard
from jamtui.session.planning import Answer, Planner
from jamtui.session.settings import GRIDS, PITCHED, BandSettings, audible
from jamtui.session.voicelead import chord_table

WITHDRAW_NS = 6_000_000
"""Locked notes due later than this after the key press that made them wrong are withdrawn: a fixed time
after the stamp, so that what is withdrawn does not depend on how long planning took. What leaves is handed to
the outlet 2 ms before it is due, so planning has 4 ms."""
LATE_MS = 80.0
"""A chord so soon after a grid point was meant for it."""
SHORTEST_MS = 60.0
"""Less room than this up to the next grid point is left empty."""
_ALL = frozenset(range(12))


def reachable(changed: int, tick: int, locked: int) -> int:
    """From where a role's notes are sent again: earlier ones that were shortened too, unless locked."""
    return changed if changed >= locked else tick


def grid_point(planner: Planner, settings: BandSettings, tick: int) -> int:
    """Where a chord at ``tick`` is answered: the next grid point in its bar, or the bar's end; without a grid
    there."""
    tick = max(tick, planner.began)
    grid = GRIDS[settings.grid]
    if not grid:
        return tick
    bar = planner.lines.bar_at(tick)
    return min(next_grid(tick, grid, bar.start), bar.end)


def answer_to(heard: Heard, goal: int, grid: int, last: Answer | None) -> Answer:
    """The answer to ``heard`` at ``goal``, on a grid of ``grid`` ticks (0: none). ``last`` is the one before:
    where its trigger is the same, and its grid point just before ``goal``, it is given there anew."""
    again = last is not None and last.trigger_ns == heard.trigger_ns and last.tick == goal - grid < goal
    return Answer(
        goal,
        heard.trigger_ns,
        max(heard.trigger_ns, heard.ns),
        frozenset(heard.safe) if heard.kind == "provisional" else frozenset(),
        goal + PPQ,
        goal - grid if again else None,
    )


def answer_chord(
    planner: Planner,
    settings: BandSettings,
    answer: Answer,
    chord: Chord,
    played: int,
    locked: int,
    bpm: float,
    doubts: Doubts = NONE,
    before: Chord | None = None,
) -> Iterator[Command]:
    """A new chord: what became wrong gives way in every role, then the pitched roles are planned anew from
    the grid point on, each handed over before the next is thought of, so that the first note need not wait
    for the whole band.

    Sounding and locked notes that became wrong go; so do locked ones at or after the grid point, which
    belong to the old plan. ``played`` is the chord's tick; notes before ``locked`` may be locked; ``doubts``
    are what the plan was hedged against: a note that waited for the chord begins with it. ``before`` is the
    chord that was planned for there: where the new one only adds colour to it, a bar that a source made and
    that is right under the new one stands."""
    previous = planner.harmony.previous(answer.tick)
    roles = [r for r in PITCHED if r in settings.roles]
    at_once = not GRIDS[settings.grid]
    withdraw_ns = answer.known_ns + WITHDRAW_NS
    wrong: dict[Role, frozenset[int]] = {}
    stands = {
        r for r in roles if before is not None and _stands(planner, settings, r, answer, played, before)
    }
    for role in roles:
        wrong[role] = planner.wrong_classes(role, answer.tick)
        planner.players[role].meet(answer.tick, chord, previous)
    if not at_once:
        late = is_late(planner, settings, played, answer.tick, bpm)
        for role in roles:
            waits = role not in stands and _waits(planner, settings, role, played, answer.tick, doubts)
            yield _give_way(planner, role, answer, played, wrong[role], late, waits)
    for role in roles:
        if role in stands and at_once:
            continue
        bars = iter(()) if role in stands else planner.replan_bars(role, answer.tick, played, answer)
        if at_once:
            # The first note waits for no later bar where none of those can shorten it once it sounds.
            known = [next(bars, answer.tick)] if role in MONOPHONIC else [answer.tick, *bars]
            yield planner.splice(
                role,
                reachable(min(known), answer.tick, locked),
                wrong=wrong[role],
                withdraw_ns=withdraw_ns,
                at_once=True,
                trigger_ns=answer.trigger_ns,
                stale_from=answer.tick,
            )
            if later := list(bars):
                end = planner.lines.bar_at(answer.tick).end
                yield planner.splice(role, reachable(min(later), end, locked))
            continue
        start = reachable(min(bars, default=answer.tick), answer.tick, locked)
        if start < answer.tick:
            # Earlier notes that were shortened: not the answer.
            yield planner.splice(role, start, until=answer.tick)
        yield planner.splice(
            role,
            answer.tick,
            withdraw_ns=withdraw_ns,
            trigger_ns=answer.trigger_ns,
            stale_from=answer.tick,
        )


def is_late(planner: Planner, settings: BandSettings, played: int, goal: int, bpm: float) -> bool:
    """Whether a chord at ``played`` was meant for the grid point before it and there is still room for a note
    until ``goal``, the one after it."""
    bar = planner.lines.bar_at(played)
    grid = GRIDS[settings.grid]
    past = (played - bar.start) % grid if grid else 0
    ticks_per_ms = bpm * PPQ / 60_000
    # A chord's tick is rounded up.
    return 0 < past < LATE_MS * ticks_per_ms + 1 and goal - played >= SHORTEST_MS * ticks_per_ms


def _stands(
    planner: Planner, settings: BandSettings, role: Role, answer: Answer, played: int, before: Chord
) -> bool:
    """Whether what a source made for ``role`` under ``before`` stands under the chord of ``answer``: that one
    only adds colour, every note up to the next change is right, and who has to answer does."""
    harmony, runway = planner.harmony, planner.runways[role]
    chord, bar = harmony.at(answer.tick), runway.bar_at(answer.tick)
    if chord is None or bar is None or bar.source is Source.REFLEX:
        return False
    if not adds_colour(before, chord, harmony.key):
        return False
    until = min(harmony.next_change(answer.tick), planner.planned_until)
    coming = [n for n in runway.notes_from(played) if n.tick < until]
    if role in planner.answerers(settings) and all(n.tick != answer.tick for n in coming):
        return False
    right = chord_table(chord, harmony.key).passing(role)
    return all(n.pitch % 12 in right for n in (*runway.sounding_at(played), *coming))


def _waits(
    planner: Planner, settings: BandSettings, role: Role, played: int, goal: int, doubts: Doubts
) -> bool:
    """Whether ``role`` has a note that waits for the chord that came at ``played``, with room left
    up to ``goal``."""
    if not settings.hedge or goal - played < SHORTEST_MS * planner.hedger.bpm * PPQ / 60_000:
        return False
    meter = planner.lines.bar_at(played).meter
    wait = planner.hedger.waits(settings, planner.role_style(role, settings), meter)
    for doubt in doubts.between(played - wait, played):
        notes = planner.runways[role].notes_from(doubt.tick)
        if notes and notes[0].tick == doubt.tick + wait > played:
            return True
    return False


def _give_way(
    planner: Planner, role: Role, answer: Answer, played: int, wrong: frozenset[int], late: bool, waits: bool
) -> Splice:
    """What became wrong in ``role`` goes, with all that was planned from the grid point on. Where the chord
    came a hair late, a sounding note is replaced by a right one up to the grid point, and one that waited for
    the chord begins."""
    runway = planner.runways[role]
    withdraw_ns = answer.known_ns + WITHDRAW_NS
    sounding = late and any(n.pitch % 12 in wrong for n in runway.sounding_at(played))
    # A chord that is known better just after it was answered is answered there again, not a moment later.
    place = played if answer.since is None else answer.since
    if (sounding or waits) and planner.replace_sounding(role, place, answer.tick, answer):
        return planner.splice(
            role,
            place,
            wrong=_ALL,
            withdraw_ns=withdraw_ns,
            at_once=True,
            trigger_ns=answer.trigger_ns,
            stale_from=place,
            until=answer.tick,
        )
    first = runway.drop(played, answer.tick, wrong)
    return planner.splice(
        role,
        answer.tick if first is None else first,
        wrong=wrong,
        withdraw_ns=withdraw_ns,
        stale_from=answer.tick,
        until=answer.tick,
        follows=True,
    )


def confirm_chord(
    planner: Planner, settings: BandSettings, answer: Answer, played: int, locked: int
) -> list[Command]:
    """The plan has this chord there already: it stands, and one role's note answers at the grid point."""
    free = not GRIDS[settings.grid]
    heard = [r for r in (Role.COMP, Role.BASS, Role.LEAD) if audible(settings, r)]
    for role in heard:
        if any(n.tick == answer.tick for n in planner.runways[role].notes_from(answer.tick)):
            return [planner.splice(role, answer.tick, trigger_ns=answer.trigger_ns, at_once=free)]
    for role in heard[:1]:
        changed = planner.replan((role,), answer.tick, played, answer)
        start = reachable(changed[role], answer.tick, locked)
        return [planner.splice(role, start, trigger_ns=answer.trigger_ns, at_once=free)]
    return []


def fade_chord(planner: Planner, settings: BandSettings, tick: int, played: int) -> list[Command]:
    """Nobody plays a chord any more: the pitched roles rest from ``tick`` (or go back to the chart)."""
    roles = [r for r in PITCHED if r in settings.roles]
    for role in roles:
        planner.players[role].forget(tick)
    changed = planner.replan(roles, tick, played)
    return [planner.splice(role, changed[role]) for role in roles]


def renew(planner: Planner, roles: Sequence[Role], when: int, now: int, locked: int) -> list[Command]:
    """Plan ``roles`` anew from ``when`` on, leaving what may already be locked."""
    planner.revision += 1
    for role, player in planner.players.items():
        if role in roles:
            player.forget(when)
    start = max(when, locked)
    if start >= planner.planned_until:
        return []
    changed = planner.replan(roles, start, now)
    return [planner.splice(role, reachable(changed[role], start, locked)) for role in changed]
