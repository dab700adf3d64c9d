"""The note that answers a chord is exactly where it is wanted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.chord import parse_chord
from jamtui.music.meter import COMMON_TIME, PPQ
from jamtui.music.phrase import Note, Role
from jamtui.session.answer_notes import answer_pitches, with_answer
from jamtui.session.asking import Ask
from jamtui.session.barlines import BarLines, BarSpan
from jamtui.session.harmony import Harmony
from jamtui.session.voicelead import chord_table

BAR = BarSpan(0, 0, 4 * PPQ, COMMON_TIME)
RANGE = {Role.LEAD: (55, 84), Role.BASS: (28, 55), Role.COMP: (50, 79)}


def over(symbol: str) -> Harmony:
    harmony = Harmony(BarLines(0, COMMON_TIME))
    harmony.prepare(parse_chord(symbol))
    return harmony


def ask(role: Role, at: int, *, before: tuple[int, ...] = (), safe: frozenset[int] = frozenset()) -> Ask:
    low, high = RANGE[role]
    return Ask(
        BAR, 0, "plain", low, high, 0.8, 0.5, 0.4, before, answer_at=at, must_answer=True,
        safe=safe, safe_until=4 * PPQ,
    )  # fmt: skip


@given(
    role=st.sampled_from(list(RANGE)),
    symbol=st.sampled_from(["C", "F#m7", "G7alt", "Bm7b5", "D/F#", "Ebdim7"]),
    at=st.integers(0, 7).map(lambda n: n * 480),
    onsets=st.sets(st.integers(0, 15).map(lambda n: n * 240), max_size=8),
)
def test_something_of_the_chord_begins_there_and_nothing_before_it_is_touched(
    role: Role, symbol: str, at: int, onsets: set[int]
) -> None:
    low, high = RANGE[role]
    notes = [Note(onset, low + 12, 200, 80) for onset in sorted(onsets)]
    answered = with_answer(role, notes, ask(role, at), over(symbol))
    assert any(n.onset == at for n in answered)
    assert [n for n in answered if n.onset < at] == [n for n in notes if n.onset < at]
    assert all(low <= n.pitch <= high and n.duration > 0 for n in answered)


@pytest.mark.parametrize("symbol", ["C", "D/F#", "Bm7b5"])
def test_the_bass_answers_with_the_chords_bass(symbol: str) -> None:
    (pitch,) = answer_pitches(Role.BASS, parse_chord(symbol), ask(Role.BASS, 0, before=(40,)), over(symbol))
    assert pitch % 12 == parse_chord(symbol).bass_pc


def test_while_the_chord_may_still_become_another_only_what_is_safe_is_played() -> None:
    safe = frozenset({0, 7})
    for role in (Role.COMP, Role.LEAD):
        pitches = answer_pitches(role, parse_chord("Cmaj7"), ask(role, 0, safe=safe), over("Cmaj7"))
        assert {p % 12 for p in pitches} <= safe
    assert safe < chord_table(parse_chord("Cmaj7")).tones
