"""Whether what a running band plays can be heard: where each role's port leads, and who listens there."""

from collections.abc import Mapping
from pathlib import Path

from jamtui.errors import LinkError
from jamtui.midi import names
from jamtui.midi.connections import open_graph, own_name
from jamtui.processes.checks import Check
from jamtui.processes.codec import from_plain
from jamtui.processes.control import ask
from jamtui.processes.lock import band_is_running
from jamtui.processes.options import SessionOptions
from jamtui.processes.placing import NULL, VIRTUAL, Placed

NAME = "Running band"


def check_band(runtime: Path, api: str) -> Check | None:
    """Ask the band of ``runtime`` where it plays; ``api`` is the MIDI system. None where no band runs."""
    if not band_is_running(runtime):
        return None
    try:
        report = ask(runtime, "engine", "report", "report")
    except LinkError as error:
        return Check(NAME, False, str(error), "wait a moment and run the doctor again", needed=False)
    places = {role: from_plain(Placed, at) for role, at in report.get("places", {}).items()}
    silent = SessionOptions.load(runtime).output == "null"
    return judge(places, listeners(api), asked_for_silence=silent)


def listeners(api: str) -> dict[str, tuple[str, ...]] | None:
    """Who is connected to each of our virtual ports, by its name; None where the system does not tell."""
    graph = open_graph(api)
    if graph is None:
        return None
    try:
        graph.refresh()
        found: dict[str, tuple[str, ...]] = {}
        for full in graph.senders():
            own = own_name(full)
            if own is not None and own != names.INPUT:
                found[own] = (*found.get(own, ()), *graph.connections(full))
        return found
    finally:
        graph.close()


def judge(
    places: Mapping[str, Placed], heard: Mapping[str, tuple[str, ...]] | None, *, asked_for_silence: bool
) -> Check:
    """What to say of it.

    Args:
        places: where each role that takes part leads.
        heard: who listens to our virtual ports; None where that cannot be told.
        asked_for_silence: the band was started to play into nothing.
    """
    if asked_for_silence:
        return Check(NAME, True, "plays into nothing, as it was asked to (--null-output)")
    nowhere = {role: at.reason for role, at in places.items() if at.kind == NULL}
    away = {role: at.gone for role, at in places.items() if at.kind != NULL and at.gone}
    deaf = {
        role: at
        for role, at in places.items()
        if heard is not None and at.kind == VIRTUAL and not at.gone and not heard.get(at.name)
    }
    problems: list[str] = []
    fixes: list[str] = []
    if nowhere:
        problems.append(f"{_and(nowhere)} {_have(nowhere)} no port ({next(iter(nowhere.values()))})")
        fixes.append("see MIDI and Outputs above")
    if away:
        problems.append(f"{_and(away)} cannot be sent ({next(iter(away.values()))})")
        fixes.append("start what has that port; the band finds it by itself")
    if deaf:
        problems.append(f"{_and(deaf)} {_play(deaf)} into nothing: nothing is connected to {_ports(deaf)}")
        fixes.append("connect what is to sound in your DAW, or choose a port for each role (d on the stage)")
    if problems:
        return Check(NAME, False, "; ".join(problems), "; ".join(fixes), needed=False)
    return Check(NAME, True, ", ".join(_route(role, at, heard) for role, at in places.items()))


def _route(role: str, at: Placed, heard: Mapping[str, tuple[str, ...]] | None) -> str:
    if at.target or heard is None:
        return f"{role} → {at.target or at.name}"
    return f"{role} → {' and '.join(heard[at.name])}"


def _ports(roles: Mapping[str, Placed]) -> str:
    return _and([at.name for at in roles.values()])


def _and(words: Mapping[str, object] | list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _have(roles: Mapping[str, object]) -> str:
    return "has" if len(roles) == 1 else "have"


def _play(roles: Mapping[str, object]) -> str:
    return "plays" if len(roles) == 1 else "play"
