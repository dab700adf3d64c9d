"""Chord qualities: one table that drives parsing, printing and detection, and a rule that names the rest.

A quality's canonical name is a function of its pitch-class set alone, so two spellings of one sound
are one quality.
"""

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """What a chord does in harmony: the context in which phrases are chosen."""

    MAJOR = "major"
    MINOR = "minor"
    DOMINANT = "dominant"
    HALF_DIMINISHED = "half-diminished"
    DIMINISHED = "diminished"
    AUGMENTED = "augmented"
    SUS = "sus"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Quality:
    """A kind of chord. ``intervals`` are semitones above the root in stacking order, the root's 0
    included; tensions are written 13 (b9), 14 (9), 15 (#9), 17 (11), 18 (#11), 20 (b13), 21 (13)."""

    name: str
    intervals: tuple[int, ...]
    family: Family
    aliases: tuple[str, ...] = ()

    @property
    def pitch_classes(self) -> frozenset[int]:
        """Intervals folded into one octave, relative to the root."""
        return frozenset(i % 12 for i in self.intervals)

    @property
    def plain(self) -> str:
        """The name without a slash and with every alteration spelled out (``69``, ``7#5b9#9``), for
        files and JSON, where a slash always means a bass."""
        return _PLAIN.get(self.name, self.name)


_PLAIN = {"6/9": "69", "m6/9": "m69", "7alt": "7#5b9#9"}

_F = Family
_TABLE: tuple[Quality, ...] = (
    # Triads and chords without a seventh
    Quality("", (0, 4, 7), _F.MAJOR, ("maj", "M", "ma", "Maj")),
    Quality("m", (0, 3, 7), _F.MINOR, ("min", "mi", "-")),
    Quality("dim", (0, 3, 6), _F.DIMINISHED, ("o", "mb5")),
    Quality("aug", (0, 4, 8), _F.AUGMENTED, ("+",)),
    Quality("(b5)", (0, 4, 6), _F.MAJOR, ("majb5",)),
    Quality("m#5", (0, 3, 8), _F.MINOR, ("m+",)),
    Quality("sus2", (0, 2, 7), _F.SUS, ("2",)),
    Quality("sus4", (0, 5, 7), _F.SUS, ("sus", "4")),
    Quality("sus2sus4", (0, 2, 5, 7), _F.SUS, ("sus24",)),
    Quality("5", (0, 7), _F.SUS),
    Quality("add9", (0, 4, 7, 14), _F.MAJOR, ("add2",)),
    Quality("madd9", (0, 3, 7, 14), _F.MINOR, ("madd2",)),
    Quality("add11", (0, 4, 7, 17), _F.MAJOR, ("add4",)),
    Quality("madd11", (0, 3, 7, 17), _F.MINOR, ("madd4",)),
    # Sixths
    Quality("6", (0, 4, 7, 9), _F.MAJOR, ("maj6", "M6")),
    Quality("m6", (0, 3, 7, 9), _F.MINOR, ("min6", "-6")),
    Quality("6/9", (0, 4, 7, 9, 14), _F.MAJOR, ("69", "6add9", "maj69")),
    Quality("m6/9", (0, 3, 7, 9, 14), _F.MINOR, ("m69", "min69", "-69")),
    Quality("6#11", (0, 4, 7, 9, 18), _F.MAJOR, ("maj6#11",)),
    Quality("69#11", (0, 4, 7, 9, 14, 18), _F.MAJOR, ("maj69#11",)),
    # Major sevenths
    Quality("maj7", (0, 4, 7, 11), _F.MAJOR, ("M7", "ma7", "Δ", "Δ7", "^", "^7", "j7")),
    Quality("maj9", (0, 4, 7, 11, 14), _F.MAJOR, ("M9", "ma9", "Δ9", "^9")),
    Quality("maj13", (0, 4, 7, 11, 14, 21), _F.MAJOR, ("M13", "ma13", "^13")),
    Quality("maj7#11", (0, 4, 7, 11, 18), _F.MAJOR, ("M7#11", "^7#11")),
    Quality("maj9#11", (0, 4, 7, 11, 14, 18), _F.MAJOR, ("M9#11", "^9#11")),
    Quality("maj13#11", (0, 4, 7, 11, 14, 18, 21), _F.MAJOR, ("M13#11", "^13#11")),
    Quality("maj7#5", (0, 4, 8, 11), _F.AUGMENTED, ("M7#5", "augmaj7", "+maj7", "+M7")),
    Quality("maj7b5", (0, 4, 6, 11), _F.MAJOR, ("M7b5",)),
    Quality("maj9#5", (0, 4, 8, 11, 14), _F.AUGMENTED, ("M9#5",)),
    Quality("maj7#9", (0, 4, 7, 11, 15), _F.MAJOR),
    Quality("maj7sus4", (0, 5, 7, 11), _F.SUS),
    # Minor sevenths
    Quality("m7", (0, 3, 7, 10), _F.MINOR, ("min7", "mi7", "-7")),
    Quality("m9", (0, 3, 7, 10, 14), _F.MINOR, ("min9", "mi9", "-9")),
    Quality("m11", (0, 3, 7, 10, 14, 17), _F.MINOR, ("min11", "mi11", "-11")),
    Quality("m13", (0, 3, 7, 10, 14, 17, 21), _F.MINOR, ("min13", "mi13", "-13")),
    Quality("m7#5", (0, 3, 8, 10), _F.MINOR, ("-7#5",)),
    Quality("mMaj7", (0, 3, 7, 11), _F.MINOR, ("mM7", "minmaj7", "-maj7", "-M7", "m^7", "mΔ")),
    Quality("mMaj9", (0, 3, 7, 11, 14), _F.MINOR, ("mM9", "minmaj9", "-maj9")),
    Quality("mMaj13", (0, 3, 7, 11, 14, 17, 21), _F.MINOR, ("mM13",)),
    # Half-diminished and diminished sevenths
    Quality("m7b5", (0, 3, 6, 10), _F.HALF_DIMINISHED, ("ø", "ø7", "h", "h7", "-7b5", "min7b5")),
    Quality("m9b5", (0, 3, 6, 10, 14), _F.HALF_DIMINISHED, ("ø9", "h9", "-9b5")),
    Quality("m11b5", (0, 3, 6, 10, 14, 17), _F.HALF_DIMINISHED, ("ø11", "h11", "-11b5")),
    Quality("dim7", (0, 3, 6, 9), _F.DIMINISHED, ("o7", "°7")),
    Quality("dim7(maj7)", (0, 3, 6, 9, 11), _F.DIMINISHED, ("o7maj7",)),
    Quality("mMaj7b5", (0, 3, 6, 11), _F.DIMINISHED, ("dimmaj7", "oM7", "omaj7")),
    # Dominants
    Quality("7", (0, 4, 7, 10), _F.DOMINANT, ("dom7",)),
    Quality("9", (0, 4, 7, 10, 14), _F.DOMINANT),
    Quality("11", (0, 4, 7, 10, 14, 17), _F.DOMINANT),
    Quality("13", (0, 4, 7, 10, 14, 21), _F.DOMINANT),
    Quality("aug7", (0, 4, 8, 10), _F.DOMINANT, ("7#5", "+7", "7+", "7aug")),
    Quality("7b5", (0, 4, 6, 10), _F.DOMINANT, ("7-5",)),
    Quality("7b9", (0, 4, 7, 10, 13), _F.DOMINANT, ("7-9",)),
    Quality("7#9", (0, 4, 7, 10, 15), _F.DOMINANT, ("7+9",)),
    Quality("7#11", (0, 4, 7, 10, 18), _F.DOMINANT, ("7#4",)),
    Quality("7b13", (0, 4, 7, 10, 20), _F.DOMINANT, ("7b6",)),
    Quality("7b9#9", (0, 4, 7, 10, 13, 15), _F.DOMINANT),
    Quality("7b9#11", (0, 4, 7, 10, 13, 18), _F.DOMINANT),
    Quality("7b9b13", (0, 4, 7, 10, 13, 20), _F.DOMINANT),
    Quality("7#9b13", (0, 4, 7, 10, 15, 20), _F.DOMINANT),
    Quality("7#9#11", (0, 4, 7, 10, 15, 18), _F.DOMINANT),
    Quality("7#11b13", (0, 4, 7, 10, 18, 20), _F.DOMINANT),
    Quality("7#5b9", (0, 4, 8, 10, 13), _F.DOMINANT, ("aug7b9",)),
    Quality("7#5#9", (0, 4, 8, 10, 15), _F.DOMINANT, ("aug7#9",)),
    Quality("7b5b9", (0, 4, 6, 10, 13), _F.DOMINANT),
    Quality("7b5#9", (0, 4, 6, 10, 15), _F.DOMINANT),
    Quality("7alt", (0, 4, 8, 10, 13, 15), _F.DOMINANT, ("7#5b9#9", "alt")),
    Quality("9#11", (0, 4, 7, 10, 14, 18), _F.DOMINANT),
    Quality("9b5", (0, 4, 6, 10, 14), _F.DOMINANT),
    Quality("9#5", (0, 4, 8, 10, 14), _F.DOMINANT, ("aug9", "+9")),
    Quality("9b13", (0, 4, 7, 10, 14, 20), _F.DOMINANT),
    Quality("13b9", (0, 4, 7, 10, 13, 21), _F.DOMINANT),
    Quality("13#9", (0, 4, 7, 10, 15, 21), _F.DOMINANT),
    Quality("13#11", (0, 4, 7, 10, 14, 18, 21), _F.DOMINANT),
    Quality("13b9#11", (0, 4, 7, 10, 13, 18, 21), _F.DOMINANT),
    # Suspended dominants
    Quality("7sus4", (0, 5, 7, 10), _F.SUS, ("7sus",)),
    Quality("9sus4", (0, 5, 7, 10, 14), _F.SUS, ("9sus",)),
    Quality("13sus4", (0, 5, 7, 10, 14, 21), _F.SUS, ("13sus",)),
    Quality("7b9sus4", (0, 5, 7, 10, 13), _F.SUS, ("7sus4b9", "7susb9")),
)

QUALITIES: dict[str, Quality] = {q.name: q for q in _TABLE}
"""Every quality that detection can answer with, by canonical name."""

NO_QUALITY = Quality("N.C.", (), Family.NONE, ("NC", "n.c."))

_by_set: dict[frozenset[int], Quality] = {q.pitch_classes: q for q in _TABLE}


def quality_of(pitch_classes: frozenset[int]) -> Quality:
    """The canonical quality for intervals folded into one octave; 0 must be among them.

    A set outside the table gets a composed name: a base, then alterations in the order b5 #5 b9 #9 #11
    b13, then added tones. A minor and a major seventh together have no name: ValueError.
    """
    found = _by_set.get(pitch_classes)
    if found is None:
        found = _by_set[pitch_classes] = _compose(pitch_classes)
    return found


def _third(pcs: frozenset[int]) -> int | None:
    """Which interval acts as the third: 4, 3, else a suspension 5 or 2, else none."""
    return next((i for i in (4, 3, 5, 2) if i in pcs), None)


def _compose(pcs: frozenset[int]) -> Quality:
    if 0 not in pcs or {10, 11} <= pcs:
        raise ValueError(f"no chord symbol names the intervals {sorted(pcs)}")
    third = _third(pcs)
    seventh = 10 if 10 in pcs else 11 if 11 in pcs else None
    ninths = {1, 2} | ({3} if third == 4 else set())
    if third == 2:
        ninths = {1}
    left = set(pcs) - {0, third, seventh}

    perfect = 7 in left
    fifth: tuple[int, ...]
    if perfect:
        fifth = (7,)
    elif seventh is None and third in (3, 4) and {6, 8} <= left:
        # A diminished or augmented triad with one more tone; with a seventh it is b5#5.
        fifth = (6,) if third == 3 else (8,)
    else:
        fifth = tuple(i for i in (6, 8) if i in left)
    left -= set(fifth)

    natural9 = 2 in left and not (left & ninths - {2})
    natural11 = 5 in left and third in (3, 4) and 6 not in left
    natural13 = 9 in left and 8 not in left
    adds: list[int] = []
    alterations: list[int] = []
    suffix = ""
    if seventh is None:
        if fifth == (6,) and third == 3 and 9 in left:
            base, left = "dim7", left - {9}
        elif 9 in left:
            base = ("m" if third == 3 else "") + "6" + ("9" if natural9 else "")
            left -= {9} | ({2} if natural9 else set())
            suffix = {5: "sus4", 2: "sus2", None: "no3"}.get(third, "")
            alterations = [i for i in fifth if i != 7] + ([18] if perfect and 6 in left else [])
            left -= {6} if perfect else set()
        else:
            base = {4: "", 3: "m", 5: "sus4", 2: "sus2", None: "5"}[third]
            if fifth == (6,) and third == 3:
                base = "dim"
            elif fifth == (8,) and third == 4:
                base = "aug"
            elif fifth != (7,):
                alterations = list(fifth)
        adds = sorted(left)
    else:
        minor, major = third == 3, seventh == 11
        any9 = bool(left & ninths)
        number, taken = 7, set[int]()
        if natural13 and any9 and (third != 3 or natural11):
            number, taken = 13, {9} | ({5} if minor else set())
        elif natural11 and any9:
            number, taken = 11, {5}
        elif natural9:
            number = 9
        if natural9 and number >= 9:
            taken |= {2}
        base = ("m" if minor else "") + (("Maj" if minor else "maj") if major else "") + str(number)
        suffix = {5: "sus4", 2: "sus2", None: "no3"}.get(third, "")
        left -= taken
        alterations = [i for i in fifth if i != 7]
        tensions = [1] if 1 in left else []
        tensions += [3] if third == 4 and 3 in left else []
        tensions += [6] if 6 in left and perfect else []
        tensions += [8] if 8 in left and perfect else []
        left -= set(tensions)
        alterations += [{1: 13, 3: 15, 6: 18, 8: 20}[i] for i in tensions]
        adds = sorted(left)

    name = base + suffix
    if alterations and seventh is None and "6" not in base:
        name += "(" + "".join(_ALTERED[i] for i in alterations) + ")"
    else:
        name += "".join(_ALTERED[i] for i in alterations)
    name += "".join("add" + _ADDED[i] for i in adds)
    if not fifth and base != "5":
        name += "no5"
    if base == "5" and not fifth:
        name = name.replace("5", "no3no5", 1)
    return Quality(name, _stack(pcs, third, seventh, fifth), _family(pcs, third, seventh, perfect))


_ALTERED = {6: "b5", 8: "#5", 13: "b9", 15: "#9", 18: "#11", 20: "b13"}
_ADDED = {1: "b9", 2: "9", 3: "#9", 5: "11", 6: "#11", 8: "b13", 9: "13"}


def _stack(
    pcs: frozenset[int], third: int | None, seventh: int | None, fifth: tuple[int, ...]
) -> tuple[int, ...]:
    """Semitones in stacking order: chord tones close, everything else an octave up."""
    close = {0, *fifth} | ({third} if third is not None else set()) | ({seventh} if seventh else set())
    if seventh is None and 9 in pcs:
        close.add(9)
    return (*sorted(i for i in pcs if i in close), *sorted(i + 12 for i in pcs if i not in close))


def _family(pcs: frozenset[int], third: int | None, seventh: int | None, perfect: bool) -> Family:
    if third == 4:
        if seventh == 10:
            return Family.DOMINANT
        return Family.AUGMENTED if 8 in pcs and not perfect else Family.MAJOR
    if third == 3:
        if perfect or 6 not in pcs:
            return Family.MINOR
        return Family.HALF_DIMINISHED if seventh == 10 else Family.DIMINISHED
    return Family.SUS
