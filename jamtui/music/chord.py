"""Chords: a root, a quality from one table, an optional slash bass."""

from dataclasses import dataclass, field

from jamtui.music.pitch import parse_pitch_class, pitch_class_name, spell
from jamtui.music.quality import NO_QUALITY, QUALITIES, Family, Quality, quality_of

__all__ = [
    "NO_CHORD",
    "QUALITIES",
    "Chord",
    "Family",
    "Quality",
    "default_root_name",
    "make_chord",
    "parse_chord",
    "quality_of",
]


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord. ``root`` and ``bass`` are pitch classes 0 to 11 (C is 0); ``bass`` None means the root.

    Equality is by sound: spelling (``root_name``, ``bass_name``) is kept for printing only.
    """

    root: int
    quality: Quality
    bass: int | None = None
    root_name: str = field(default="", compare=False)
    bass_name: str = field(default="", compare=False)

    @property
    def family(self) -> Family:
        """What the chord does in harmony; ``Family.NONE`` only for ``NO_CHORD``."""
        return self.quality.family

    @property
    def bass_pc(self) -> int:
        """Pitch class of the lowest note: the slash bass, else the root."""
        return self.root if self.bass is None else self.bass

    @property
    def pitch_classes(self) -> frozenset[int]:
        """Absolute pitch classes, a slash bass included; empty for ``NO_CHORD``."""
        tones = frozenset((self.root + i) % 12 for i in self.quality.intervals)
        return tones if self.bass is None else tones | {self.bass}

    @property
    def name(self) -> str:
        """Root and quality without the slash bass."""
        if not self.quality.intervals:
            return self.quality.name
        return (self.root_name or default_root_name(self.root, self.family)) + self.quality.name

    @property
    def symbol(self) -> str:
        """The lead-sheet symbol, spelled as it was given."""
        return self.name + self._slash()

    @property
    def plain_symbol(self) -> str:
        """The symbol for files and JSON: a slash always means a bass (``C69``, ``C7#5b9#9``)."""
        if not self.quality.intervals:
            return self.quality.name
        root = self.root_name or default_root_name(self.root, self.family)
        return root + self.quality.plain + self._slash()

    def transpose(self, semitones: int) -> "Chord":
        """The chord ``semitones`` higher, spelled the usual way; by whole octaves it stays as it is."""
        if semitones % 12 == 0 or not self.quality.intervals:
            return self
        bass = None if self.bass is None else (self.bass + semitones) % 12
        return Chord((self.root + semitones) % 12, self.quality, bass)

    def __str__(self) -> str:
        return self.symbol

    def _slash(self) -> str:
        if self.bass is None:
            return ""
        return "/" + (self.bass_name or tone_name(self, self.bass_pc))


NO_CHORD = Chord(0, NO_QUALITY)
"""Nobody plays a chord: ``N.C.``."""

_MAJOR_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
_DEGREES = {1: 2, 2: 2, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5, 8: 6, 9: 6, 10: 7, 11: 7}


def default_root_name(root: int, family: Family) -> str:
    """The usual spelling of a root: ``Db`` for a major chord, ``C#`` for a minor one."""
    minor = family in (Family.MINOR, Family.HALF_DIMINISHED, Family.DIMINISHED)
    return (_MINOR_NAMES if minor else _MAJOR_NAMES)[root % 12]


def tone_name(chord: Chord, pc: int) -> str:
    """A pitch class as ``chord`` spells it: its tones as the degrees they are (the F# of D7, the D# of
    B7), any other with flats or sharps as the root goes."""
    root_name = chord.root_name or default_root_name(chord.root, chord.family)
    interval = (pc - chord.root) % 12
    tones = chord.quality.pitch_classes
    if interval == 0:
        return root_name
    if interval in tones:
        degree = _DEGREES[interval]
        if interval == 8 and 7 not in tones:
            degree = 5
        elif interval == 9 and {3, 6, 9} <= tones and 7 not in tones:
            degree = 7
        elif interval == 6 and 7 in tones:
            degree = 4
        elif interval == 3 and 4 in tones:
            degree = 2
        return spell(root_name, interval, degree)
    return pitch_class_name(pc, flats="b" in root_name or root_name in ("C", "F"))


def make_chord(root: int, quality_name: str, bass: int | None = None) -> Chord:
    """A chord from pitch classes and a quality's name or alias. Raises MusicError for an unknown quality."""
    if quality_name == NO_QUALITY.name:
        return NO_CHORD
    quality = QUALITIES.get(quality_name) or parse_chord("C" + quality_name).quality
    root %= 12
    if bass is not None:
        bass %= 12
    return Chord(root, quality, None if bass == root else bass)


def parse_chord(text: str) -> Chord:
    """The chord that a lead-sheet symbol names. Raises MusicError with the nearest symbol that exists."""
    from jamtui.music.symbol import read_symbol

    parts = read_symbol(text)
    if parts is None:
        return NO_CHORD
    root_name, quality, bass_name = parts
    root = parse_pitch_class(root_name)
    bass = parse_pitch_class(bass_name) if bass_name else None
    if bass == root:
        return Chord(root, quality, None, root_name)
    return Chord(root, quality, bass, root_name, bass_name)
