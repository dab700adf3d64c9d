"""A bar as a JSON-able object and back, without loss: for the journal and other files."""

from collections.abc import Mapping

from jamtui.errors import JamtuiError
from jamtui.music.chord import parse_chord
from jamtui.music.phrase import Bar, ChordSpan, Note, Role, Source


def bar_record(bar: Bar) -> dict[str, object]:
    """``bar`` as plain values. Chords are lead-sheet symbols, notes ``[onset, pitch, duration, velocity,
    residual]``, all in ticks from the bar's start."""
    return {
        "session": bar.session,
        "role": bar.role.value,
        "start": bar.start_tick,
        "length": bar.length,
        "plan": bar.plan_revision,
        "brief": bar.brief_id,
        "chords": [[c.start, c.length, c.chord.plain_symbol] for c in bar.chords_assumed],
        "origin": bar.origin.value,
        "seed": bar.seed,
        "notes": [[n.onset, n.pitch, n.duration, n.velocity, n.residual] for n in bar.notes],
        "label": bar.label,
        **({"ref": bar.ref} if bar.ref else {}),
    }


def bar_from_record(record: Mapping[str, object]) -> Bar:
    """The bar that ``bar_record`` wrote. Raises ``JamtuiError`` for anything else."""
    try:
        return Bar(
            session=_text(record["session"]),
            role=Role(_text(record["role"])),
            start_tick=_integer(record["start"]),
            length=_integer(record["length"]),
            plan_revision=_integer(record["plan"]),
            brief_id=_text(record["brief"]),
            chords_assumed=tuple(
                ChordSpan(_integer(start), _integer(length), parse_chord(_text(symbol)))
                for start, length, symbol in _rows(record["chords"], 3)
            ),
            origin=Source(_text(record["origin"])),
            seed=_integer(record["seed"]),
            notes=tuple(Note(*(_integer(v) for v in row)) for row in _rows(record["notes"], 5)),
            label=_text(record.get("label", "")),
            ref=_text(record.get("ref", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise JamtuiError(f"A bar in this file cannot be read ({error}); choose another file.") from error


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"not a whole number: {value!r}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    return value


def _rows(value: object, width: int) -> list[list[object]]:
    if not isinstance(value, list):
        raise TypeError(f"not a list: {value!r}")
    for row in value:
        if not isinstance(row, list) or len(row) != width:
            raise TypeError(f"not {width} values: {row!r}")
    return value
