"""The engine's side of the phrase library: what is kept, banned and auditioned, and what the workers tell.

The library itself is in the worker process; here only messages pass. All of it runs in the planning thread.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
from jamtui.session.library_step import LibraryStep, StepAnswer
from jamtui.session.offers import Tune
from jamtui.session.settings import audible, read_choice
from jamtui.session.snapshot import LibraryView
from jamtui.session.taking import LONGEST, Take, take_of_band

OF_LIBRARY = frozenset({"capture", "keep", "ban", "undo", "audition", "ingest", "ingest_stop"})
"""Actions that are done here."""
FROM_WORKERS = frozenset({"hits", "library", "guests", "audition", "page", "browse", "step"})
"""Messages that are taken here; ``browse`` is the console's."""
HITS_SHOWN = 8
GUESTS_AT_ONCE = 16
"""Phrases for the reflex that one message may bring; more are left out."""
UNDONE = 32
"""How many steps can be taken back."""
_OF_LIBRARY = f"{Source.LIBRARY.value}:"
AWAY = "the library is not there: `jamtui doctor` says why; the band plays from its own book"


@dataclass(slots=True)
class _Step:
    """Something that may be taken back: a ban of the band's own book (``name``) or of bars of a source that
    cannot name them (``tunes``), or a step in the library, whose ``step`` is None until the workers have
    answered."""

    number: int
    name: str = ""
    step: LibraryStep | None = None
    tunes: frozenset[Tune] = frozenset()


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
        self._steps: deque[_Step] = deque(maxlen=UNDONE)
        self._number = 0
        self._hurried: set[int] = set()
        """Steps that are to be taken back as soon as the workers have answered."""

    # What the player does

    def act(self, name: str, argument: str | float | None, now: int) -> None:
        """Do one of ``OF_LIBRARY``.

        Raises:
            JamtuiError: an argument that cannot be used, or nothing to do it with.
        """
        if name == "capture":
            self._capture(argument, now)
        elif name in ("keep", "ban") and str(argument).startswith(_OF_LIBRARY):
            ref, _, off = str(argument).partition(" ")
            self._mark(ref, "kept" if name == "keep" else "banned", "", on=off != "off")
        elif name == "keep":
            self._keep(_role(argument), now)
        elif name == "ban":
            self._ban(_role(argument), now)
        elif name == "undo":
            self._undo()
        elif name == "audition":
            self._audition(str(argument or ""), now)
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
        self._take(take)

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
            self._take(take)

    def _take(self, take: Take) -> None:
        self._send("take", {"number": self._number + 1, "take": take})
        self._push(_Step(self._number + 1))

    def _push(self, step: _Step) -> None:
        self._number = step.number
        self._steps.append(step)

    def _mark(self, ref: str, how: str, label: str, *, on: bool = True) -> None:
        self._send("mark", {"number": self._number + 1, "ref": ref, how: on, "label": label})
        self._push(_Step(self._number + 1))
        self._let(ref, banned=on and how == "banned")

    def _let(self, ref: str, *, banned: bool) -> None:
        """The reflex plays ``ref`` and bars of it are taken or, if banned, not."""
        conductor = self._band.conductor
        if banned:
            conductor.shelf.ban(ref)
            conductor.desk.ban([ref])
        else:
            conductor.shelf.pardon(ref)
            conductor.desk.pardon([ref])

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
            self._push(_Step(self._number + 1, last.label))
            self._audience.tell(f"banned for this session: {last.label}; undo takes it back")
        elif last.source is Source.REFLEX:
            self._audience.tell(f"{role.value}: another phrase from the next bar on")
        else:
            tunes = conductor.desk.tunes(bars, role)
            conductor.desk.ban(tunes)
            name = f"what {last.label or role.value} played"
            self._push(_Step(self._number + 1, name, tunes=tunes))
            self._audience.tell(f"banned for this session: {name}; undo takes it back")
        self._commands.extend(conductor.replan_from_next_bar(role))

    def _undo(self) -> None:
        if not self._steps:
            raise JamtuiError("nothing to undo")
        step = self._steps[-1]
        if step.name:
            self._band.conductor.shelf.pardon(step.name)
            self._band.conductor.desk.pardon(step.tunes)
            self._audience.tell(f"not banned any more: {step.name}")
        elif step.step is not None:
            self._take_back(step.number, step.step)
        else:
            self._hurried.add(step.number)
            self._audience.tell("it is taken back as soon as the library has done it")
        self._steps.pop()

    def _take_back(self, number: int, step: LibraryStep) -> None:
        self._send("undo", {"number": number, "step": step})
        for marks in step.marks:
            self._let(f"{_OF_LIBRARY}{marks.number}", banned=marks.banned)

    def _answered(self, answer: StepAnswer) -> None:
        """The workers did a step, or could not."""
        waiting = next((s for s in self._steps if s.number == answer.number), None)
        if waiting is not None and answer.step is None:
            self._steps.remove(waiting)
        elif waiting is not None:
            waiting.step = answer.step
        elif answer.number in self._hurried:
            self._hurried.discard(answer.number)
            if answer.step is not None:
                self._take_back(answer.number, answer.step)
        elif answer.step is not None:  # it could not be taken back
            self._steps.append(_Step(answer.number, "", answer.step))

    def _audition(self, argument: str, now: int) -> None:
        """``argument``: the phrase's number and its role. While the band plays, the role plays it from the
        next bar on, over the chords that are there; else it sounds as it is written."""
        number, _, role_name = argument.partition(" ")
        if not number.isdigit():
            self._commands.extend(self._band.audition.end())
            return
        role, conductor = _role(role_name), self._band.conductor
        playing = self._band.state == "playing"
        if self._band.state not in ("playing", "stopped"):
            raise JamtuiError("a phrase can be heard while the band plays or is stopped; try again then")
        if playing and conductor.frozen:
            raise JamtuiError("the band loops its bars; press f, then it can play another phrase")
        if playing and not audible(conductor.settings, role):
            raise JamtuiError(f"the {role.value} is silent now; let it play to hear a phrase of it")
        self._send("audition", {"id": int(number), "playing": playing, "role": role})
        if playing:
            tick = int(self._band.clock.segment.tick_at(now))
            conductor.desk.ask(role, f"{_OF_LIBRARY}{number}", tick)
            self._commands.extend(conductor.replan_from_next_bar(role))

    # What the workers tell

    def take(self, kind: str, body: Plain, now: int) -> None:
        """One of ``FROM_WORKERS``; the console's question for a page goes on to the workers."""
        if kind == "browse":
            self._audience.send_to("workers", encode("browse", body))
        elif kind == "page":
            for watcher in self._audience.watching:
                watcher.send_latest("page", encode("page", body))
        elif kind == "step":
            self._answered(from_plain(StepAnswer, body))
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
