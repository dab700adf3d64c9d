"""What an engine leaves for its successor: where the music was and how it was set."""

from collections.abc import Mapping

from jamtui.music.chord import NO_CHORD, parse_chord
from jamtui.music.phrase import Role
from jamtui.session.band import Band

State = dict[str, object]


def restart_state(band: Band, session: str, seed: int, ports: Mapping[str, Mapping[str, str]]) -> State:
    """Everything that a successor needs, as JSON-able values. The clock's nanoseconds are of
    ``perf_counter_ns``, which all processes of one machine share."""
    segment = band.clock.segment
    settings = band.conductor.settings
    return {
        "session": session,
        "seed": seed,
        "state": band.state,
        "tick0": segment.tick0,
        "ns0": segment.ns0,
        "ns_per_tick": segment.ns_per_tick,
        "running": segment.running,
        "origin": band.conductor.bar_at(segment.tick_at(segment.ns0)).start,
        "style": settings.style,
        "meter": settings.meter.name,
        "temperature": settings.temperature,
        "energy": settings.energy,
        "grid": settings.grid,
        "click": settings.click,
        "muted": sorted(r.value for r in settings.muted),
        "solo": sorted(r.value for r in settings.solo),
        "latch": band.latched,
        "chord": band.chord.symbol,
        "notes": list(band.heard.notes) if band.heard is not None else [],
        "ports": {name: dict(port) for name, port in ports.items()},
    }


def take_up(state: Mapping[str, object], band: Band, ns: int) -> None:
    """Set ``band`` as ``state`` says and, if the music was going, play on in the same time."""
    conductor = band.conductor
    for action in ("style", "meter", "temperature", "energy", "grid"):
        conductor.act(action, _scalar(state[action]), True)
    if state["click"]:
        conductor.act("click")
    for kind in ("muted", "solo"):
        names = state[kind]
        assert isinstance(names, list)
        for name in names:
            action = "mute" if kind == "muted" else "solo"
            band.act(f"{action}_{Role(name).value}", soon=True, ns=ns)
    if not state["latch"]:
        band.act("latch", soon=True, ns=ns)
    tick_ns = float(str(state["ns_per_tick"]))
    tick0, ns0 = float(str(state["tick0"])), int(str(state["ns0"]))
    if not state["running"] or state["state"] == "stopped":
        band.clock.hold(tick0, ns, tick_ns, jumped=True)
        return
    tick = tick0 + (ns - ns0) / tick_ns
    band.clock.follow(tick, ns, tick_ns, jumped=True)
    chord = parse_chord(str(state["chord"]))
    notes = state["notes"]
    assert isinstance(notes, list)
    band.restore(
        None if chord == NO_CHORD else chord, tuple(int(n) for n in notes), int(str(state["origin"])), ns
    )


def _scalar(value: object) -> str | float:
    return value if isinstance(value, (str, float)) else float(str(value))
