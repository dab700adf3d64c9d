"""How the plan answers a chord: what is taken back, what is planned anew, and what stands."""

from collections.abc import Iterator, Sequence

from jamtui.music.chord import Chord
from jamtui.music.phrase import Role
from jamtui.playback.commands import Command
from jamtui.session.planning import Answer, Planner
from jamtui.session.settings import GRIDS, PITCHED, BandSettings, audible

WITHDRAW_NS = 4_000_000
"""Locked notes due later than this after the key press that made them wrong are withdrawn: a fixed time
after the stamp, so that what is withdrawn does not depend on how long planning took."""


def reachable(changed: int, tick: int, locked: int) -> int:
    """From where a role's notes are sent again: earlier ones that were shortened too, unless locked."""
    return changed if changed >= locked else tick


def answer_chord(
    planner: Planner, settings: BandSettings, answer: Answer, chord: Chord, played: int, locked: int
) -> Iterator[Command]:
    """A new chord: the pitched roles are planned anew from the grid point on, each handed over before the
    next is thought of, so that the first note need not wait for the whole band.

    Sounding and locked notes that became wrong go; so do locked ones at or after the grid point, which
    belong to the old plan. ``played`` is the chord's tick; notes before ``locked`` may be locked."""
    planner.revision += 1
    previous = planner.harmony.previous(answer.tick)
    roles = [r for r in PITCHED if r in settings.roles]
    wrong: dict[Role, frozenset[int]] = {}
    for role in roles:
        ahead = planner.runways[role].notes_from(answer.tick)
        stale = frozenset(n.pitch % 12 for n in ahead if n.tick < locked)
        wrong[role] = planner.wrong_classes(role, answer.tick) | stale
        planner.players[role].meet(answer.tick, chord, previous)
    for role in roles:
        changed = planner.replan((role,), answer.tick, played, answer)
        yield planner.splice(
            role,
            reachable(changed[role], answer.tick, locked),
            wrong=wrong[role],
            withdraw_ns=answer.known_ns + WITHDRAW_NS,
            at_once=not GRIDS[settings.grid],
            trigger_ns=answer.trigger_ns,
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
        planner.revision += 1
        changed = planner.replan((role,), answer.tick, played, answer)
        start = reachable(changed[role], answer.tick, locked)
        return [planner.splice(role, start, trigger_ns=answer.trigger_ns, at_once=free)]
    return []


def fade_chord(planner: Planner, settings: BandSettings, tick: int, played: int) -> list[Command]:
    """Nobody plays a chord any more: the pitched roles rest from ``tick`` (or go back to the chart)."""
    planner.revision += 1
    roles = [r for r in PITCHED if r in settings.roles]
    for role in roles:
        planner.players[role].forget(tick)
    changed = planner.replan(roles, tick, played)
    return [planner.splice(role, changed[role]) for role in roles]


def renew(planner: Planner, roles: Sequence[Role], when: int, now: int, locked: int) -> list[Command]:
    """Plan ``roles`` anew from ``when`` on, leaving what may already be locked."""
    planner.revision += 1
    for player in planner.players.values():
        player.forget(when)
    start = max(when, locked)
    if start >= planner.planned_until:
        return []
    changed = planner.replan(roles, start, now)
    return [planner.splice(role, reachable(changed[role], start, locked)) for role in changed]
