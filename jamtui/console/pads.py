"""The computer keyboard as latching chord pads, played into the band as real MIDI.

The lower row ``z x c v b n m`` plays the seventh chords on the seven degrees of the pads' major key; with
shift, the dominant that leads to that degree (for the tonic the backdoor dominant on the flat seventh,
since the plain one is the pad of the fifth degree). ``M`` is free for the meter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from jamtui.console.frame import PadsView
from jamtui.music.pitch import pitch_class_name

PAD_KEYS = "zxcvbnm"
"""Degrees I to vii."""
SHIFTED_KEYS = "ZXCVBN"
"""The dominants that lead to degrees I to vi."""

_INTERVALS: Mapping[str, tuple[int, int, int]] = {
    "maj7": (4, 7, 11),
    "m7": (3, 7, 10),
    "7": (4, 7, 10),
    "m7b5": (3, 6, 10),
}
_DEGREES = ((0, "maj7"), (2, "m7"), (4, "m7"), (5, "maj7"), (7, "7"), (9, "m7"), (11, "m7b5"))
_DOMINANTS = (10, 9, 11, 0, 2, 4)
_LOWEST_BASS = 43
_LOWEST_UPPER = 57
_VELOCITIES = (86, 76, 79, 82)
"""Of the root and the three tones above: the touch of a hand, not of a machine."""
_SHARP_KEYS = frozenset({2, 4, 7, 9, 11})
_CHANNEL = 0


@dataclass(frozen=True, slots=True)
class Pad:
    """One chord: the semitones of its root above the tonic, and its quality."""

    offset: int
    quality: str


PADS: Mapping[str, Pad] = {
    **{key: Pad(*degree) for key, degree in zip(PAD_KEYS, _DEGREES, strict=True)},
    **{key: Pad(offset, "7") for key, offset in zip(SHIFTED_KEYS, _DOMINANTS, strict=True)},
}
"""The chord of every pad key."""


class Pads:
    """Which pad sounds. Methods return the MIDI messages to send; every note-on gets its note-off."""

    def __init__(self, tonic: int = 0) -> None:
        self._tonic = tonic % 12
        self._active = ""
        self._sounding: tuple[int, ...] = ()

    @property
    def active(self) -> str:
        """The key of the pad that sounds, empty for none."""
        return self._active

    def notes(self, key: str) -> tuple[int, ...]:
        """MIDI numbers of a pad: the root below, the other tones close together around middle C."""
        pad = PADS[key]
        root = self._tonic + pad.offset
        bass = _LOWEST_BASS + (root - _LOWEST_BASS) % 12
        upper = sorted(
            _LOWEST_UPPER + (root + interval - _LOWEST_UPPER) % 12 for interval in _INTERVALS[pad.quality]
        )
        return (bass, *upper)

    def press(self, key: str) -> list[bytes]:
        """Let the last pad go and play this one."""
        messages = self.release()
        self._active = key
        self._sounding = self.notes(key)
        messages += [
            bytes((0x90 | _CHANNEL, note, velocity))
            for note, velocity in zip(self._sounding, _VELOCITIES, strict=True)
        ]
        return messages

    def release(self) -> list[bytes]:
        """Note-offs of the pad that sounds."""
        messages = [bytes((0x80 | _CHANNEL, note, 0)) for note in self._sounding]
        self._sounding = ()
        self._active = ""
        return messages

    def transpose(self, semitones: int) -> None:
        """Move the key of all pads; what sounds goes on."""
        self._tonic = (self._tonic + semitones) % 12

    def symbol(self, key: str) -> str:
        """Chord symbol of a pad."""
        pad = PADS[key]
        return f"{pitch_class_name((self._tonic + pad.offset) % 12, self._flats)}{pad.quality}"

    @property
    def _flats(self) -> bool:
        return self._tonic not in _SHARP_KEYS

    def view(self) -> PadsView:
        """For the screen."""
        return PadsView(
            tonic=pitch_class_name(self._tonic, self._flats),
            pads=tuple((key, self.symbol(key)) for key in PAD_KEYS),
            shifted=tuple((key, self.symbol(key)) for key in SHIFTED_KEYS),
            active=self._active,
        )
