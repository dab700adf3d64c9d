"""Port names as a musician reads them, and which of them are our own."""

import fnmatch
import re
from collections.abc import Container, Iterable

PREFIX = "jamtui "
"""All our ports, and the JACK or ALSA clients that hold them, begin so."""

INPUT = "jamtui in"
THRU = "jamtui thru"
ROLE_PORTS = {role: f"jamtui {role}" for role in ("lead", "bass", "comp", "drums")}
"""Virtual port of each role."""

_PLAIN = {"in", "out", "input", "output", "midi", "midi in", "midi out", "midi_in", "midi_out", "port"}
_BRIDGES = {"system", "a2j", "midi-bridge", "alsa_midi"}


def clean(raw: str, api: str) -> str:
    """The name without what only the MIDI system needs.

    ALSA: ``"Launchkey:Launchkey MIDI 1 24:0"`` gives ``"Launchkey MIDI 1"``; Windows: ``"loopMIDI Port 2"``,
    whose last number is rtmidi's port index, gives ``"loopMIDI Port"``; JACK: ``"fluidsynth:midi"`` gives
    ``"fluidsynth"``, and so does ``"fluidsynth-01:midi"``.
    """
    name = raw.strip()
    if api == "winmm":
        head, _, tail = name.rpartition(" ")
        return head if head and tail.isdigit() else name
    if api == "alsa":
        head, _, tail = name.rpartition(" ")
        if head and tail.replace(":", "").isdigit() and ":" in tail:
            name = head
    if api in ("alsa", "jack"):
        client, _, port = name.partition(":")
        if api == "jack":  # a program that comes back before JACK has let its old name go
            client = re.sub(r"-\d\d$", "", client)
        if not port:
            return name
        lower = port.lower()
        if lower in _PLAIN or lower.removesuffix("_1").removesuffix(" 1") in _PLAIN or port == client:
            return client
        if client.lower() in _BRIDGES or lower.startswith(client.lower()):
            return port
        return f"{client} {port}"
    return name


def clean_all(raws: Iterable[str], api: str) -> tuple[str, ...]:
    """Clean names in the same order; equal ones are numbered ``(2)``, ``(3)``."""
    seen: dict[str, int] = {}
    names: list[str] = []
    for raw in raws:
        name = clean(raw, api)
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def is_ours(name: str) -> bool:
    """Whether a port is jamtui's own, of this process or another."""
    return (name + " ").lower().startswith(PREFIX)


def is_bridge(raw: str) -> bool:
    """Whether JACK's ``client:port`` hands on the hardware of another MIDI system (a2jmidid, PipeWire)."""
    return raw.partition(":")[0].lower() in _BRIDGES


def is_loop(name: str) -> bool:
    """Whether a port only hands back what others send into it."""
    return "midi through" in name.lower()


def is_wild(pattern: str) -> bool:
    """Whether ``pattern`` may mean more than one port: it has a wildcard."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, name: str) -> bool:
    """Whether ``name`` is meant by ``pattern``: a part of it in any case, ``*`` and ``?`` as wildcards."""
    wanted = pattern.strip().lower()
    if not wanted:
        return False
    if is_wild(wanted):
        return fnmatch.fnmatchcase(name.lower(), wanted.replace("[", "[[]"))
    return wanted in name.lower()


def find(pattern: str, names: Iterable[str]) -> str | None:
    """The name that ``pattern`` means: the equal one first, else the first that matches, else None."""
    candidates = [name for name in names if matches(pattern, name)]
    for name in candidates:
        if name.lower() == pattern.strip().lower():
            return name
    return candidates[0] if candidates else None


def choose_inputs(
    patterns: Iterable[str],
    names: Iterable[str],
    not_these: Iterable[str] = (),
    ignored: Iterable[str] = (),
    software: Container[str] = (),
) -> tuple[str, ...]:
    """The inputs that ``patterns`` mean among ``names``, never one of our own.

    A pattern with ``*`` leaves out ports that begin with ``jamtui`` and MIDI Through; one that spells such a
    name out gets it (on Windows a loopMIDI port may well be called ``jamtui in``), but never a port in
    ``not_these``: those the band plays into, or virtual ports of this process. ``*`` alone also leaves out
    ``software``. What is ``ignored`` (whole names, or patterns with ``*`` and ``?``) is left out unless a
    pattern is exactly its name.
    """
    taken = {name.lower() for name in not_these}
    wanted, unwanted = list(patterns), list(ignored)
    chosen: list[str] = []
    for name in names:
        if name.lower() in taken:
            continue
        spelled = any(p.strip().lower() == name.lower() for p in wanted)
        if not spelled and any(_is(pattern, name) for pattern in unwanted):
            continue
        private = is_ours(name) or is_loop(name)
        if any(
            matches(p, name) and not (private and is_wild(p)) and not (p.strip() == "*" and name in software)
            for p in wanted
        ):
            chosen.append(name)
    return tuple(chosen)


def _is(pattern: str, name: str) -> bool:
    return matches(pattern, name) if is_wild(pattern) else pattern.strip().lower() == name.lower()
