"""Write jamtui/library/ingest/figures.txt: ask music21 for every set of pitch classes over every bass.

    python -m tests.library.make_figures

Takes some four minutes. Not collected by pytest; ``test_theory.py`` compares samples of the table.
"""

import string
from pathlib import Path

FILE = Path(__file__).parents[2] / "jamtui" / "library" / "ingest" / "figures.txt"
HEAD = """\
# music21's answers (harmony.chordSymbolFigureFromChord) for every set of pitch classes over every bass.
# A line for each bass from C to B; two characters for each set that holds the bass, counted from the bass
# as lowest bit: the root in semitones above the bass (one hexadecimal digit), the kind ('.': no name).
# Written by tests/library/make_figures.py; tests/library/ingest/test_theory.py compares with music21.
"""


def ask(bass: int, relative: int) -> tuple[int, str]:
    """Root above the bass and kind of the set ``relative`` (bit 0 is the bass)."""
    from music21 import chord, harmony

    pitches = [48 + bass] + [60 + (bass + i) % 12 for i in range(1, 12) if relative >> i & 1]
    one = chord.Chord(sorted(pitches))
    kind = harmony.chordSymbolFigureFromChord(one, True)[1]  # settles the root, too
    return (one.root().pitchClass - bass) % 12, kind


def main() -> None:
    answers = [[ask(bass, half * 2 + 1) for half in range(2048)] for bass in range(12)]
    kinds = sorted({kind for row in answers for _, kind in row} - {""})
    letters = dict(zip(kinds, string.ascii_letters, strict=False)) | {"": "."}
    lines = ["kinds " + " ".join(f"{letters[kind]}={kind}" for kind in kinds)]
    lines += ["".join(f"{root:x}{letters[kind]}" for root, kind in row) for row in answers]
    FILE.write_text(HEAD + "\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
