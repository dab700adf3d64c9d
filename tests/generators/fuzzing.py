"""Random and mutated answers through parser and guard: what a model, a broken server or noise could send."""

import itertools
from collections import Counter
from random import Random

from jamtui.generators.answer import AnswerReader
from jamtui.generators.mask import build_pattern
from jamtui.generators.request import Request
from jamtui.music.meter import METERS
from jamtui.music.notation import GRIDS as STEPS
from jamtui.music.notation import TRIPLET
from jamtui.music.phrase import Bar, Role
from jamtui.music.pitch import FLAT_NAMES
from jamtui.session.guard import GRIDS, MONOPHONIC, NOTES_PER_QUARTER, Guard
from tests.generators.asking import request, styles
from tests.generators.sampling import Node, sampler

KINDS = ("noise", "letters", "unmasked", "masked", "mutated", "foreign", "talk")
"""Characters at random; tokens at random; whole bars of any pitches; under the mask; that with mistakes in
it; under the mask of another request; with talk in it."""

_PITCHES = (*FLAT_NAMES, *(name.lower() for name in FLAT_NAMES), "-", ".")
_LETTERS = (*_PITCHES, "|", "k", "s", "h", "kh", "sh", "C#", "f#", "H", "4", "c5")
_TALK = (
    "Here is a line: ", "```\n", "<think>\nDm7.\n</think>\n\n", '{"notes":[', '["C5:2",', "Sure! ",
    "C5e D5q ", '"', '""', "| ", "\\n", "\x00", "\ufffd", "🎷", "null", "-" * 50, "|" * 50, " " * 200,
)  # fmt: skip


class Fuzzer:
    """Answers to a fixed set of requests. ``verdicts`` counts what became of them by reason; ``run`` raises
    AssertionError on anything that got through and should not have."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.verdicts: Counter[str] = Counter()
        self._asked: list[tuple[Request, Node]] = []
        for role, meter, step in itertools.product(Role, METERS, STEPS):
            if step == TRIPLET and meter == "7/8":
                continue
            asked = request(
                role,
                meter=meter,
                step=step,
                bars=2,
                style=self.random.choice(sorted(styles())),
                seed=self.random.randrange(1000),
                temperature=self.random.random(),
                energy=self.random.random(),
            )
            self._asked.append((asked, sampler(build_pattern(asked))))

    def run(self, count: int) -> None:
        """``count`` answers of all kinds."""
        for _ in range(count):
            asked, draw = self.random.choice(self._asked)
            kind = self.random.choice(KINDS)
            self.verdicts[f"answer: {kind}"] += 1
            self._check(asked, self._answer(kind, asked, draw))

    def _answer(self, kind: str, asked: Request, draw: Node) -> str:
        random = self.random
        if kind == "noise":
            return "".join(
                chr(random.choice((random.randrange(128), random.randrange(0x3000)))) for _ in range(80)
            )
        if kind == "letters":
            return " ".join(random.choices(_LETTERS, k=random.randrange(40)))
        if kind == "unmasked":
            lines = (random.choices(_PITCHES, k=asked.spec.steps) for _ in range(asked.bars))
            return "".join(f" {' '.join(line)} |" for line in lines)
        if kind == "foreign":
            return random.choice(self._asked)[1](random)
        text = draw(random)
        if kind == "masked":
            return f'"{text}"'
        if kind == "talk":
            at = random.randrange(len(text))
            return random.choice(_TALK) + text[:at] + random.choice(_TALK) + text[at:]
        letters = list(text)
        for _ in range(random.randrange(1, 8)):
            at = random.randrange(len(letters))
            what = random.randrange(4)
            if what == 0:
                del letters[at]
            elif what == 1:
                letters.insert(at, random.choice(random.choice(_LETTERS)))
            elif what == 2:
                letters[at] = random.choice('CDEFGABcdefgab-.| "x5')
            else:
                letters[at:at] = letters[at : at + random.randrange(20)]
            letters = letters or ["|"]
        return "".join(letters)

    def _check(self, asked: Request, text: str) -> None:
        reader = AnswerReader(asked, label="fuzz")
        bars: list[Bar] = []
        at = 0
        while at < len(text):
            size = self.random.randrange(1, 30)
            bars += reader.feed(text[at : at + size])
            at += size
        bars += reader.finish()
        self.verdicts.update(f"parser: {fault.reason}" for fault in reader.faults)
        assert len(bars) <= 2 * asked.bars
        guard = Guard()
        for bar in bars:
            judged = guard.check(bar, asked.limits)
            if judged.bar is None:
                self.verdicts[f"guard refused: {judged.reason}"] += 1
                continue
            self.verdicts.update(f"guard repaired: {repair}" for repair in judged.repairs)
            self.verdicts["accepted"] += 1
            _playable(asked, judged.bar)


def _playable(asked: Request, bar: Bar) -> None:
    ticks = asked.spec.meter.bar_ticks
    assert bar.role is asked.role
    assert bar.length == ticks
    assert (bar.start_tick - asked.start_tick) % ticks == 0
    assert asked.start_tick <= bar.start_tick < asked.start_tick + asked.bars * ticks
    assert list(bar.notes) == sorted(bar.notes)
    assert len(bar.notes) <= NOTES_PER_QUARTER[bar.role] * ticks / 960
    limits = asked.limits
    for note in bar.notes:
        assert 0 <= note.onset < ticks
        assert note.onset % asked.spec.step == 0
        assert any(note.onset % grid == 0 for grid in GRIDS)
        assert 1 <= note.duration <= ticks
        assert 1 <= note.velocity <= 127
        assert note.residual == 0
        assert (
            note.pitch in limits.keys if bar.role is Role.DRUMS else limits.low <= note.pitch <= limits.high
        )
    sounding: dict[int, int] = {}
    for note in bar.notes:
        voice = 0 if bar.role in MONOPHONIC else note.pitch
        assert sounding.get(voice, 0) <= note.onset
        sounding[voice] = note.onset + note.duration
