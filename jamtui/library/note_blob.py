"""Notes as the store keeps them: eight bytes each, little-endian, so that many phrases decode in one step.

| bytes | field | unit |
|---|---|---|
| 0-1 | onset, unsigned | ticks from the phrase's start |
| 2-3 | duration, unsigned | ticks |
| 4-5 | residual, signed | ticks |
| 6 | pitch, unsigned | MIDI number |
| 7 | velocity, unsigned | 1 to 127 |
"""

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jamtui.errors import StoreError
from jamtui.music.phrase import Note

NOTE_BYTES = 8
NOTE_DTYPE = np.dtype(
    [
        ("onset", "<u2"),
        ("duration", "<u2"),
        ("residual", "<i2"),
        ("pitch", "u1"),
        ("velocity", "u1"),
    ]
)

NoteArray = npt.NDArray[np.void]
"""One record per note with the fields of ``NOTE_DTYPE``."""

_FIELDS = struct.Struct("<HHhBB")
_blank = object.__new__
_set_onset, _set_pitch, _set_duration, _set_velocity, _set_residual = (
    vars(Note)[field].__set__ for field in ("onset", "pitch", "duration", "velocity", "residual")
)
_LOW = np.array([0, 0, -32768, 0, 0])
_HIGH = np.array([65535, 65535, 32767, 127, 127])


def note_array(notes: Sequence[Note]) -> NoteArray:
    """Notes as one array of ``NOTE_DTYPE``, in the order given.

    Raises:
        StoreError: a value that the format has no room for.
    """
    rows = np.array([(n.onset, n.duration, n.residual, n.pitch, n.velocity) for n in notes], dtype=np.int64)
    rows = rows.reshape(-1, 5)
    if ((rows < _LOW) | (rows > _HIGH)).any():
        raise StoreError(
            "a phrase has a note that the library has no room for (phrases are at most 65535 ticks long, "
            "pitches and velocities 0 to 127); cut it into shorter phrases"
        )
    array = np.empty(len(rows), dtype=NOTE_DTYPE)
    for column, field in enumerate(NOTE_DTYPE.names or ()):
        array[field] = rows[:, column]
    return array


def decode_notes(blob: bytes) -> tuple[Note, ...]:
    """The notes of a blob.

    Raises:
        StoreError: the blob is not whole.
    """
    if len(blob) % NOTE_BYTES:
        raise StoreError("a phrase of the library is damaged; `jamtui library vacuum` checks the file")
    # A frozen dataclass fills itself through object.__setattr__, field by field, which takes twice as long as
    # its slots. A search makes some eighty notes.
    notes: list[Note] = []
    for onset, duration, residual, pitch, velocity in _FIELDS.iter_unpack(blob):
        note = _blank(Note)
        _set_onset(note, onset)
        _set_pitch(note, pitch)
        _set_duration(note, duration)
        _set_velocity(note, velocity)
        _set_residual(note, residual)
        notes.append(note)
    return tuple(notes)
