"""A stored phrase in the meter and over the number of bars that are wanted."""

from dataclasses import dataclass, replace

from jamtui.music.chord import Family
from jamtui.music.meter import Meter
from jamtui.music.phrase import Note, Phrase, Role
from jamtui.music.scale import chord_tones
from jamtui.session.refit import move_onsets, plan_pieces, stretch_durations


@dataclass(frozen=True, slots=True)
class Event:
    """A note at its new place. ``own``: it was a tone of the chord that it was written over."""

    note: Note
    own: bool

    @property
    def onset(self) -> int:
        """Ticks from the start."""
        return self.note.onset

    @property
    def duration(self) -> int:
        """Ticks."""
        return self.note.duration

    @property
    def pitch(self) -> int:
        """MIDI number, as written."""
        return self.note.pitch


def placed(phrase: Phrase, meter: Meter, bars: int, first_bar: int = 0) -> list[Event]:
    """The notes of ``phrase`` over exactly ``bars`` bars of ``meter``, in order.

    A longer phrase gives the bars from ``first_bar`` on (as many as it has), a shorter one comes again.
    """
    events = _in_meter(phrase, meter)
    have = max(1, bars_in(phrase, meter))
    first = first_bar % have
    bar = meter.bar_ticks
    start, end = first * bar, have * bar
    part = [Event(replace(e.note, onset=e.onset - start), e.own) for e in events if start <= e.onset < end]
    span = end - start
    placed: list[Event] = []
    at = 0
    while at < bars * bar:
        placed += [
            Event(replace(e.note, onset=e.onset + at), e.own) for e in part if e.onset + at < bars * bar
        ]
        if first:
            # After the end of a phrase that was entered in its middle comes its beginning.
            part = [e for e in events if e.onset < end]
            first = 0
            at += span
            span = end
        else:
            at += span
    return placed


def bars_in(phrase: Phrase, meter: Meter) -> int:
    """How many bars ``phrase`` fills in ``meter``."""
    if phrase.meter == meter:
        return phrase.bars
    return plan_pieces(phrase.meter, phrase.bars, meter, repeat=_repeats(phrase.role))[1]


def _repeats(role: Role) -> bool:
    return role in (Role.BASS, Role.DRUMS)


def _in_meter(phrase: Phrase, meter: Meter) -> list[Event]:
    notes = sorted(n for n in phrase.notes if 0 <= n.onset < phrase.length and n.duration > 0)
    own = [_is_tone(phrase, n) for n in notes]
    if phrase.meter == meter:
        return [Event(n, o) for n, o in zip(notes, own, strict=True)]
    pieces, bars = plan_pieces(phrase.meter, phrase.bars, meter, repeat=_repeats(phrase.role))
    moved = move_onsets(pieces, [n.onset for n in notes])
    spans = [(n.onset, n.duration) for n in notes]
    if not moved:
        return []
    durations = stretch_durations(moved, spans, phrase.length, bars * meter.bar_ticks)
    return [
        Event(replace(notes[index], onset=to, duration=duration), own[index])
        for (index, to), duration in zip(moved, durations, strict=True)
    ]


def _is_tone(phrase: Phrase, note: Note) -> bool:
    for span in phrase.chords:
        if span.start <= note.onset < span.start + span.length:
            return span.chord.family is not Family.NONE and note.pitch % 12 in chord_tones(span.chord)
    return False
