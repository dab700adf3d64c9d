"""What an engine leaves for its successor: where the music was and how it was set."""

from collections.abc import Mapping

from jamtui.music.chord import NO_CHORD, parse_chord
from jamtui.music.phrase import Role
from jamtui.session.band import Band
from jamtui.session.transport import Place

State = dict[str, object]


def restart_state(
    band: Band, session: str, seed: int, ports: Mapping[str, Mapping[str, str]], ns: int
) -> State:
    """Everything that a successor needs at ``ns``, as JSON-able values. The clock's nanoseconds are of
    ``perf_counter_ns``, which all processes of one machine share."""
    segment = band.clock.segment
    conductor = band.conductor
    settings = conductor.settings
    bar = conductor.bar_at(segment.tick_at(ns))
    return {
        "session": session,
        "seed": seed,
        "state": band.state,
        "tick0": segment.tick0,
        "ns0": segment.ns0,
        "ns_per_tick": segment.ns_per_tick,
        "running": segment.running,
        "bar_start": bar.start,
        "bar_number": bar.number,
        "begins": conductor.began,
        "ends_at": conductor.ends_at,
        "style_bar": band.style_bar,
        "tempo_source": band.tempo.source,
        "tempo_chosen": band.tempo.chosen,
        "started_ns": band.started_ns,
        "style": settings.style,
        "meter": bar.meter.name,
        "temperature": settings.temperature,
        "energy": settings.energy,
        "player_energy": conductor.player_energy,
        "grid": settings.grid,
        "click": settings.click,
        "frozen": conductor.frozen,
        "flow": conductor.flow.on,
        "muted": sorted(r.value for r in settings.muted),
        "solo": sorted(r.value for r in settings.solo),
        "latch": band.latched,
        "chord": band.chord.symbol,
        "notes": list(band.heard.notes) if band.heard is not None else [],
        "ports": {name: dict(port) for name, port in ports.items()},
    }


def take_up(state: Mapping[str, object], band: Band, ns: int, *, plainly: bool = False) -> None:
    """Set ``band`` as ``state`` says and, if the music was going, play on in the same time.

    Args:
        plainly: without the chord, flow, a freeze and an ending, should one of them be what the engine died
            of.
    """
    conductor = band.conductor
    for action in ("style", "meter", "temperature", "energy", "grid"):
        conductor.act(action, _scalar(state[action]), True)
    if bool(state["click"]) != conductor.settings.click:
        conductor.act("click")
    for kind, present in (("muted", conductor.settings.muted), ("solo", conductor.settings.solo)):
        names = state[kind]
        assert isinstance(names, list)
        for role in {Role(name) for name in names} ^ present:
            band.act(f"{'mute' if kind == 'muted' else 'solo'}_{role.value}", soon=True, ns=ns)
    if bool(state["latch"]) != band.latched:
        band.act("latch", soon=True, ns=ns)
    if state.get("flow") and not conductor.flow.on and not plainly:
        band.act("flow", soon=True, ns=ns)
    conductor.set_player_energy(float(str(state["player_energy"])))
    band.tempo.source = str(state["tempo_source"])
    band.tempo.chosen = bool(state["tempo_chosen"])
    started = state["started_ns"]
    band.started_ns = None if started is None else int(str(started))
    tick_ns = float(str(state["ns_per_tick"]))
    tick0, ns0 = float(str(state["tick0"])), int(str(state["ns0"]))
    if not state["running"] or state["state"] == "stopped":
        band.clock.hold(tick0, ns, tick_ns, jumped=True)
        return
    tick = tick0 + (ns - ns0) / tick_ns
    band.clock.follow(tick, ns, tick_ns, jumped=True)
    chord = NO_CHORD if plainly else parse_chord(str(state["chord"]))
    notes = state["notes"]
    assert isinstance(notes, list)
    ends_at = state["ends_at"]
    place = Place(
        bar_start=int(str(state["bar_start"])),
        bar_number=int(str(state["bar_number"])),
        begins=int(str(state["begins"])),
        style_bar=int(str(state["style_bar"])),
        ends_at=None if ends_at is None or plainly else int(str(ends_at)),
    )
    band.restore(None if chord == NO_CHORD else chord, tuple(int(n) for n in notes), place, ns)
    if state["frozen"] and not plainly:
        band.act("freeze", soon=True, ns=ns)


def _scalar(value: object) -> str | float:
    return value if isinstance(value, (str, float)) else float(str(value))
