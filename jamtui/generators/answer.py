"""A model's answer, read as it arrives: text in, bars for the guard out."""

from dataclasses import replace

from jamtui.generators.request import Request
from jamtui.generators.touch import let_go, struck, voiced
from jamtui.music.notation_decoder import Fault, GridBar, GridDecoder
from jamtui.music.phrase import Bar, Note, Role, Source


class AnswerReader:
    """Reads the answer to one request. ``label`` is what the screen calls the bars: the model's name.

    A bar comes out the moment its bar line has come. Where the next bar then begins by holding its last note,
    it comes once more with the longer note: of two bars with one ``start_tick`` the later one counts.
    """

    def __init__(self, request: Request, *, label: str) -> None:
        self._request = request
        self._label = label
        self._decoder = GridDecoder(request.spec, request.bars)
        self._faults: list[Fault] = []
        self._last: GridBar | None = None
        self._hand: tuple[int, ...] = ()
        self._hand_before: tuple[int, ...] = ()
        self.whole = 0
        """Bars that came whole so far."""
        if request.role is Role.COMP and request.first == 0 and request.brief.just_played:
            onset = max(n.onset for n in request.brief.just_played)
            self._hand = tuple(sorted(n.pitch for n in request.brief.just_played if n.onset == onset))

    @property
    def done(self) -> bool:
        """Nothing more will come of this answer: all its bars were seen, or it is no music."""
        return self._decoder.done

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Bars that could not be read, in order."""
        return tuple(self._faults)

    @property
    def present(self) -> tuple[Note, ...]:
        """Notes, as written, of the bar that is arriving."""
        return self._decoder.present

    def feed(self, chunk: str) -> list[Bar]:
        """The bars that ``chunk`` completes."""
        return self._take(self._decoder.feed(chunk))

    def finish(self) -> list[Bar]:
        """The answer is over: what it leaves as a last whole bar."""
        return self._take(self._decoder.finish())

    def _take(self, readings: tuple[GridBar | Fault, ...]) -> list[Bar]:
        bars: list[Bar] = []
        for reading in readings:
            if isinstance(reading, Fault):
                self._faults.append(reading)
                self._last = None
                continue
            last = self._last
            if reading.tie and last is not None and last.notes:
                held = last.notes[-1]
                held = replace(held, duration=held.duration + reading.tie)
                self._hand = self._hand_before
                bars.append(self._bar(replace(last, notes=(*last.notes[:-1], held))))
            self._hand_before = self._hand
            bars.append(self._bar(reading))
            self._last = reading
            self.whole += 1
        return bars

    def _bar(self, reading: GridBar) -> Bar:
        request, brief = self._request, self._request.brief
        ticks = request.spec.meter.bar_ticks
        start = reading.index * ticks
        notes = let_go(reading.notes, request, start)
        notes = struck(notes, request, request.start_tick + start)
        if request.role is Role.COMP:
            notes, self._hand = voiced(notes, request, start, self._hand)
        return Bar(
            session=brief.session,
            role=request.role,
            start_tick=request.start_tick + start,
            length=ticks,
            plan_revision=brief.plan_revision,
            brief_id=brief.brief_id,
            chords_assumed=() if request.role is Role.DRUMS else request.bar_chords(reading.index),
            origin=Source.OLLAMA,
            seed=brief.seed,
            notes=notes,
            label=self._label,
        )
