"""Reading the grid notation as it arrives: any pieces of text in, whole bars out, and never an exception."""

from dataclasses import dataclass, replace
from enum import StrEnum

from jamtui.music.notation import BAR_LINE, HIT_TICKS, HOLD, PLAIN, REST, GridSpec, read_drum_token
from jamtui.music.phrase import Note, Role

_LONGEST_TOKEN = 4
_SPARE = 64
_CHARACTERS_A_STEP = 12
"""Text that is not the notation is given up after so many characters for each step that was asked for."""


class FaultReason(StrEnum):
    """Why a bar of an answer is not music."""

    TOKEN = "token"
    STEPS = "steps"
    FLOOD = "flood"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class GridBar:
    """A whole bar. ``index`` counts from 0, faulty bars included; onsets count from its bar line. ``tie`` is
    for how many ticks the last note before this bar rings on into it."""

    index: int
    notes: tuple[Note, ...]
    tie: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """A bar that was not music: a symbol the notation does not have (``token``), too few or too many steps,
    text without end (``flood``), or an answer that stopped in mid-bar. ``token`` is what was found there."""

    index: int
    reason: FaultReason
    token: str = ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text as read: notes of its whole bars (onsets from the first bar line), and every bar's reading."""

    notes: tuple[Note, ...]
    readings: tuple[GridBar | Fault, ...]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What could not be read."""
        return tuple(r for r in self.readings if isinstance(r, Fault))


class GridDecoder:
    """Reads up to ``bars`` bars. Quotes around the text are taken for what they are; a faulty bar is left out
    and reading goes on at the next bar line. Memory is that of one bar, whatever comes."""

    def __init__(self, spec: GridSpec, bars: int) -> None:
        self._spec = spec
        self._bars = bars
        self._pitches = spec.pitches
        self._left = _SPARE + bars * (spec.steps + 1) * _CHARACTERS_A_STEP
        self._pending = ""
        self._index = 0
        self._step = 0
        self._notes: list[Note] = []
        self._sounding = False
        self._tie = 0
        self._fault: Fault | None = None
        self._begun = False
        self.done = bars < 1

    @property
    def present(self) -> tuple[Note, ...]:
        """Notes of the bar that is being written; the last one may still be held."""
        return () if self._fault else tuple(self._notes)

    def feed(self, chunk: str) -> tuple[GridBar | Fault, ...]:
        """The bars that ``chunk`` completes; nothing once ``done``."""
        found: list[GridBar | Fault] = []
        for character in chunk:
            if self.done:
                break
            self._left -= 1
            if self._left < 0:
                found.append(Fault(self._index, FaultReason.FLOOD))
                self.done = True
            elif character == BAR_LINE:
                self._end_token()
                self._end_bar(found)
            elif character == '"':
                self._quote(found)
            elif character.isspace():
                self._end_token()
            elif len(self._pending) <= _LONGEST_TOKEN:
                self._pending += character
        return tuple(found)

    def finish(self) -> tuple[GridBar | Fault, ...]:
        """No more text comes: a last bar that has all its steps is whole without its bar line."""
        if self.done:
            return ()
        found: list[GridBar | Fault] = []
        self._end_token()
        self._close(found)
        return tuple(found)

    def _quote(self, found: list[GridBar | Fault]) -> None:
        self._end_token()
        if not self._begun and (self._fault or not self._step):
            # What stands before the opening quote is talk.
            self._clear()
        else:
            self._close(found)

    def _close(self, found: list[GridBar | Fault]) -> None:
        if self._step == self._spec.steps and not self._fault:
            self._end_bar(found)
        elif self._step or self._fault:
            found.append(self._fault or Fault(self._index, FaultReason.UNFINISHED))
        self.done = True

    def _end_token(self) -> None:
        token, self._pending = self._pending, ""
        if not token or self._fault:
            return
        spec = self._spec
        if self._step >= spec.steps:
            self._fault = Fault(self._index, FaultReason.STEPS, token)
            return
        onset = self._step * spec.step
        if token == REST or (token == HOLD and not self._sounding):
            self._sounding = False
        elif token == HOLD:
            if self._notes:
                last = self._notes[-1]
                self._notes[-1] = replace(last, duration=last.duration + spec.step)
            else:
                self._tie += spec.step
        elif spec.role is Role.DRUMS:
            keys = read_drum_token(token)
            if keys is None:
                self._fault = Fault(self._index, FaultReason.TOKEN, token)
                return
            self._notes.extend(Note(onset, key, HIT_TICKS, PLAIN) for key in keys)
        else:
            pitch = self._pitches.get(token)
            if pitch is None:
                self._fault = Fault(self._index, FaultReason.TOKEN, token)
                return
            self._notes.append(Note(onset, pitch, spec.step, PLAIN))
            self._sounding = True
        self._step += 1

    def _end_bar(self, found: list[GridBar | Fault]) -> None:
        if not self._step and not self._fault:
            return  # a bar line with nothing before it opens the line
        self._begun = True
        if self._fault is None and self._step != self._spec.steps:
            self._fault = Fault(self._index, FaultReason.STEPS)
        sounding = self._sounding and self._fault is None
        found.append(self._fault or GridBar(self._index, tuple(self._notes), self._tie))
        self._clear()
        self._sounding = sounding
        self._index += 1
        self.done = self._index >= self._bars

    def _clear(self) -> None:
        self._step = self._tie = 0
        self._notes = []
        self._fault = None
        self._sounding = False


def decode(text: str, spec: GridSpec, bars: int) -> Decoded:
    """Read a whole text; see ``GridDecoder``. Notes that ring over bar lines come out in one piece."""
    decoder = GridDecoder(spec, bars)
    readings = decoder.feed(text) + decoder.finish()
    notes: list[Note] = []
    for reading in readings:
        if isinstance(reading, Fault):
            continue
        if reading.tie:
            notes[-1] = replace(notes[-1], duration=notes[-1].duration + reading.tie)
        start = reading.index * spec.meter.bar_ticks
        notes.extend(replace(note, onset=start + note.onset) for note in reading.notes)
    return Decoded(tuple(notes), readings)
