"""The engine's side of the phrase library: what is kept, banned and auditioned, and what the workers tell.

The library itself is in the worker process; here only messages pass. All of it runs in the planning thread.
"""

from collections import deque
from collections.abc import Callable, Mapping

from jamtui.errors import JamtuiError
from jamtui.music.phrase import Role, Source
from jamtui.playback.commands import Command, Route
from jamtui.processes.codec import Plain, encode, from_plain
from jamtui.processes.engine_views import Audience
from jamtui.processes.sources import Sources
from jamtui.session.audition import AuditionNote
from jamtui.session.band import Band
from jamtui.session.book import ReflexPhrase
from jamtui.session.generator import Hit
from jamtui.session.settings import read_choice
from jamtui.session.snapshot import LibraryView
from jamtui.session.taking import LONGEST, take_of_band

OF_LIBRARY = frozenset({"capture", "keep", "ban", "undo", "audition", "ingest", "ingest_stop"})
"""Actions that are done here."""
FROM_WORKERS = frozenset({"hits", "library", "guests", "audition", "page", "browse"})
"""Messages that are taken here; ``browse`` is the console's."""
HITS_SHOWN = 8
GUESTS_AT_ONCE = 16
"""Phrases for the reflex that one message may bring; more are left out."""
UNDONE = 32
"""How many steps can be taken back."""
_LIBRARY = "library"
_OF_LIBRARY = f"{Source.LIBRARY.value}:"
AWAY = "the library is not there: `jamtui doctor` says why; the band plays from its own book"


class LibraryDesk:
    """Does the actions of the library and takes the messages of the workers.

    Args:
        routes: where each role is sent now.
    """

    def __init__(
        self,
        band: Band,
        sources: Sources,
        audience: Audience,
        routes: Callable[[], Mapping[Role, Route]],
        commands: deque[Command],
    ) -> None:
        self._band = band
        self._sources = sources
        self._audience = audience
        self._routes = routes
        self._commands = commands
        self._steps: deque[str] = deque(maxlen=UNDONE)

    # What the player does

    def act(self, name: str, argument: str | float | None, now: int) -> None:
        """Do one of ``OF_LIBRARY``.

        Raises:
            JamtuiError: an argument that cannot be used, or nothing to do it with.
        """
        if name == "capture":
            self._capture(argument, now)
        elif name in ("keep", "ban") and str(argument).startswith(_OF_LIBRARY):
            self._mark(str(argument), "kept" if name == "keep" else "banned", "")
        elif name == "keep":
            self._keep(_role(argument), now)
        elif name == "ban":
            self._ban(_role(argument), now)
        elif name == "undo":
            self._undo()
        elif name == "audition":
            self._audition(str(argument or ""))
        elif name == "ingest":
            self._send("ingest", {"path": str(argument or "")})
        else:
            self._send("ingest-stop", None)

    def _send(self, kind: str, body: object) -> None:
        if not any(p.name == "workers" for p in self._audience.peers):
            raise JamtuiError(AWAY)
        self._audience.send_to("workers", encode(kind, body))

    def _capture(self, argument: str | float | None, now: int) -> None:
        try:
            bars = int(float(argument if argument not in (None, "") else 4))
        except ValueError:
            bars = 0
        if not 1 <= bars <= LONGEST:
            raise JamtuiError(f"give capture a number of bars, 1 to {LONGEST}")
        band = self._band
        if band.state not in ("playing", "ending"):
            raise JamtuiError("capture keeps what you play while the band plays; start it with space")
        segment = band.clock.segment
        style = band.conductor.settings.style
        take = band.lately.take(band.conductor, segment.tick_at(now), bars, style, segment.bpm)
        if take is None:
            raise JamtuiError("nothing to capture: you have not played in the last bars")
        self._send("take", take)
        self._steps.append(_LIBRARY)

    def _keep(self, role: Role, now: int) -> None:
        band = self._band
        segment = band.clock.segment
        style = band.conductor.settings.style
        take = take_of_band(band.conductor, role, segment.tick_at(now), style, segment.bpm)
        if take is None:
            raise JamtuiError(f"nothing to keep: the {role.value} has not played yet")
        if role is Role.DRUMS:
            raise JamtuiError("drum patterns belong to the style; there is nothing to keep")
        ref = band.conductor.phrase_bars(role, segment.tick_at(now))[-1].ref
        if ref:
            self._mark(ref, "kept", take.label)
        else:
            self._send("take", take)
            self._steps.append(_LIBRARY)

    def _mark(self, ref: str, how: str, label: str) -> None:
        self._send("mark", {"ref": ref, how: True, "label": label})
        banned = how == "banned" and self._band.conductor.shelf.ban(ref)
        self._steps.append(_LIBRARY + (ref if banned else ""))

    def _ban(self, role: Role, now: int) -> None:
        band = self._band
        conductor = band.conductor
        bars = conductor.phrase_bars(role, band.clock.segment.tick_at(now))
        if not bars:
            raise JamtuiError(f"nothing to ban: the {role.value} has not played yet")
        if role is Role.DRUMS:
            raise JamtuiError("drum patterns belong to the style; pick another style with s")
        last = bars[-1]
        if last.ref:
            self._mark(last.ref, "banned", last.label)
        elif last.source is Source.REFLEX and conductor.shelf.ban(last.label):
            self._steps.append(last.label)
            self._audience.tell(f"banned for this session: {last.label}; undo takes it back")
        else:
            self._audience.tell(f"{role.value}: another phrase from the next bar on")
        self._commands.extend(conductor.replan_from_next_bar(role))

    def _undo(self) -> None:
        if not self._steps:
            raise JamtuiError("nothing to undo")
        step = self._steps.pop()
        if step.startswith(_LIBRARY):
            self._send("undo", None)
            step = step.removeprefix(_LIBRARY)
        else:
            self._audience.tell(f"not banned any more: {step}")
        if step:
            self._band.conductor.shelf.pardon(step)

    def _audition(self, argument: str) -> None:
        """``argument``: the phrase's number and its role. While the band plays, the role plays it from the
        next bar on, over the chords that are there; else it sounds as it is written."""
        number, _, role_name = argument.partition(" ")
        if not number.isdigit():
            self._commands.extend(self._band.audition.end())
            return
        playing = self._band.state == "playing"
        self._send("audition", {"id": int(number), "playing": playing})
        if playing:
            self._commands.extend(self._band.conductor.replan_from_next_bar(_role(role_name)))

    # What the workers tell

    def take(self, kind: str, body: Plain, now: int) -> None:
        """One of ``FROM_WORKERS``; the console's question for a page goes on to the workers."""
        if kind == "browse":
            self._audience.send_to("workers", encode("browse", body))
        elif kind == "page":
            for watcher in self._audience.watching:
                watcher.send_latest("page", encode("page", body))
        elif kind == "hits":
            self._sources.hits = tuple(from_plain(Hit, one) for one in body[:HITS_SHOWN])
        elif kind == "library":
            self._sources.library = from_plain(LibraryView, body)
        elif kind == "guests":
            guests = [from_plain(ReflexPhrase, one) for one in body[:GUESTS_AT_ONCE]]
            self._band.conductor.shelf.take_up(guests)
        elif self._band.state == "stopped":
            notes = [from_plain(AuditionNote, one) for one in body["notes"]]
            route = self._routes()[Role(body["role"])]
            self._commands.extend(self._band.audition.begin(notes, float(body["tempo"]), route, now))


def _role(argument: str | float | None) -> Role:
    return Role(read_choice(argument or Role.LEAD.value, [r.value for r in Role], "role"))
