"""Chords as people play them, with dummy stamps."""

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.chord import Family, parse_chord
from jamtui.music.scale import chord_scale
from jamtui.session.demo_form import FORMS
from jamtui.session.demo_player import DemoPlayer
from jamtui.session.hearing import ChordStream, Heard
from jamtui.session.keys import KeyState, channel_messages
from jamtui.session.settled import CONFIRM_NS, DWELL_NS, Settler
from jamtui.session.strikes import broken_chord

MS = 1_000_000


class Hands:
    """Plays into a stream with stamps in milliseconds and keeps what was heard."""

    def __init__(self, stream: ChordStream | None = None) -> None:
        self.stream = stream if stream is not None else ChordStream()
        self.heard: list[Heard] = []
        self.ms = 0.0

    def at(self, ms: float, data: bytes) -> None:
        self.ms = ms
        self.heard += self.stream.feed(int(ms * MS), data)

    def down(self, ms: float, *pitches: int, spread: float = 0.0, velocity: int = 80) -> None:
        for i, pitch in enumerate(pitches):
            self.at(ms + i * spread, bytes((0x90, pitch, velocity)))

    def up(self, ms: float, *pitches: int) -> None:
        for pitch in pitches:
            self.at(ms, bytes((0x80, pitch, 0)))

    def pedal(self, ms: float, value: int) -> None:
        self.at(ms, bytes((0xB0, 64, value)))

    def wait(self, ms: float) -> None:
        self.ms = ms
        self.heard += self.stream.advance(int(ms * MS))

    def told(self) -> list[tuple[str, str]]:
        return [(h.kind, h.chord.symbol) for h in self.heard]

    def band(self) -> list[str]:
        return [h.chord.symbol for h in self.heard if h.kind in ("provisional", "revised")]

    def labels(self) -> list[str]:
        return [h.chord.symbol for h in self.heard if h.kind == "settled"]


def test_a_block_chord_is_answered_at_its_third_pitch_class() -> None:
    hands = Hands()
    hands.down(100, 60, 64, 67)
    [heard] = hands.heard
    assert (heard.kind, heard.chord.symbol) == ("provisional", "C")
    assert heard.trigger_ns == heard.ns == 100 * MS
    assert heard.notes == (60, 64, 67)
    assert heard.guesses[0].chord == heard.chord
    assert {0, 4, 7} <= heard.safe
    hands.wait(400)
    assert hands.told()[1:] == [("settled", "C")]
    assert hands.heard[1].ns == 100 * MS + CONFIRM_NS


def test_two_octaves_of_one_note_are_not_three_pitch_classes() -> None:
    hands = Hands()
    hands.down(0, 48, 60, 72)
    assert hands.heard == []
    hands.wait(29.9)
    assert hands.heard == []
    hands.wait(30)
    assert hands.heard[0].trigger_ns == 30 * MS


@pytest.mark.parametrize("spread", [5, 10, 13])
def test_a_spread_chord_is_one_chord_with_one_revision_at_most(spread: float) -> None:
    hands = Hands()
    hands.down(0, 48, 64, 67, 71, spread=spread)
    hands.wait(500)
    kinds = [h.kind for h in hands.heard]
    assert kinds[0] == "provisional"
    assert kinds.count("provisional") == 1
    assert kinds.count("revised") <= 1
    assert hands.heard[0].trigger_ns == 2 * spread * MS
    assert hands.labels() == ["Cmaj7"]


def test_a_revision_keeps_the_trigger_and_comes_once() -> None:
    hands = Hands()
    hands.down(0, 57, 61, 64, 67, 70, spread=9)  # A, then A7b9
    hands.wait(500)
    assert hands.told() == [("provisional", "A"), ("revised", "A7b9"), ("settled", "A7b9")]
    assert hands.heard[1].trigger_ns == hands.heard[0].trigger_ns == 18 * MS


def test_changes_that_were_heard_before_are_known_at_the_third_note() -> None:
    hands = Hands()
    at = 0
    for _ in range(2):
        for chord in ((52, 58, 62, 67), (45, 61, 64, 67, 70), (50, 60, 65, 69)):
            hands.down(at, *chord, spread=9)
            hands.up(at + 800, *chord)
            at += 1000
    hands.wait(at)
    kinds = [h.kind for h in hands.heard if h.kind != "settled"]
    assert kinds[-2:] == ["provisional", "provisional"], "no revision where the changes repeat"
    assert hands.band()[-2:] == ["A7b9", "Dm7"]


def test_velocity_zero_is_off_and_latch_holds_the_chord() -> None:
    hands = Hands()
    hands.down(0, 60, 64, 67)
    hands.down(500, 60, 64, 67, velocity=0)
    assert hands.stream.held == ()
    hands.wait(60_000)
    assert hands.stream.chord.symbol == "C"
    assert "faded" not in [h.kind for h in hands.heard]


def test_without_latch_the_chord_goes_with_the_keys() -> None:
    hands = Hands(ChordStream(latch=False))
    hands.down(0, 60, 64, 67)
    hands.up(1000, 60, 64, 67)
    hands.wait(1079)
    assert hands.heard[-1].kind == "settled"
    hands.wait(1080)
    assert (hands.heard[-1].kind, hands.heard[-1].chord.family) == ("faded", Family.NONE)
    hands.down(2000, 60, 64, 67)
    assert hands.heard[-1].kind == "provisional", "after fading the same chord is news"


def test_without_latch_the_pedal_holds_it() -> None:
    hands = Hands(ChordStream(latch=False))
    hands.down(0, 60, 64, 67)
    hands.pedal(100, 127)
    hands.up(500, 60, 64, 67)
    assert hands.stream.held == (60, 64, 67)
    hands.wait(5000)
    assert "faded" not in [h.kind for h in hands.heard]
    hands.pedal(5000, 0)
    hands.wait(6000)
    assert hands.heard[-1].kind == "faded"


def test_latch_can_be_switched_off_while_nothing_is_held() -> None:
    hands = Hands()
    hands.down(0, 60, 64, 67)
    hands.up(500, 60, 64, 67)
    hands.wait(3000)
    hands.stream.set_latch(False)
    hands.wait(3001)
    assert hands.heard[-1].kind == "faded"


def test_a_latched_chord_fades_after_so_many_silent_bars() -> None:
    hands = Hands(ChordStream(fade_bars=2, bar_ns=1000 * MS))
    hands.down(0, 60, 64, 67)
    hands.wait(9000)
    assert "faded" not in [h.kind for h in hands.heard], "held keys are not silence"
    hands.up(9000, 60, 64, 67)
    hands.wait(10_999)
    assert "faded" not in [h.kind for h in hands.heard]
    hands.wait(11_000)
    assert hands.heard[-1].kind == "faded"
    assert hands.stream.next_timer() is None


def test_notes_that_only_the_pedal_holds_leave_the_chord_at_the_next_attack() -> None:
    hands = Hands()
    hands.down(0, 48, 64, 67, 71)
    hands.pedal(50, 127)
    hands.up(700, 48, 64, 67, 71)
    hands.down(1000, 53, 65, 69, 72)
    hands.wait(2000)
    assert hands.labels() == ["Cmaj7", "F"]
    assert hands.heard[-1].notes == (53, 65, 69, 72)


def test_legato_fingers_do_not_colour_the_next_chord() -> None:
    hands = Hands()
    hands.down(0, 60, 64, 67)
    hands.down(1000, 59, 62, 67, spread=8)
    hands.up(1040, 60, 64)
    hands.wait(2000)
    assert hands.band() == ["C", "G/B"]
    assert hands.labels() == ["C", "G/B"]


def test_staccato_strikes_of_the_same_chord_do_not_trigger_again() -> None:
    hands = Hands()
    for i in range(8):
        hands.down(500 * i, 50, 60, 65, 69, spread=6)
        hands.up(500 * i + 120, 50, 60, 65, 69)
    hands.down(4000, 60, 65, 69)  # the right hand alone, without its bass
    hands.wait(6000)
    assert hands.band()[-1] == "Dm7"
    assert len([h for h in hands.heard if h.kind == "provisional"]) == 1
    assert hands.labels() == ["Dm7"]


def test_a_melody_over_a_held_chord_changes_nothing() -> None:
    hands = Hands()
    hands.down(0, 48, 52, 55)
    hands.wait(500)
    at = 500
    for pitch in (74, 77, 78, 81, 73, 70, 68, 79):
        hands.down(at, pitch)
        hands.up(at + 200, pitch)
        at += 250
    hands.wait(4000)
    assert hands.told() == [("provisional", "C"), ("settled", "C")]


def test_a_melody_over_a_latched_chord_changes_nothing() -> None:
    hands = Hands()
    hands.down(0, 48, 52, 55, 58)
    hands.up(300, 48, 52, 55, 58)
    for i, pitch in enumerate((72, 74, 76, 77, 79, 81, 82, 84, 78, 75)):
        hands.down(600 + 200 * i, pitch)
        hands.up(750 + 200 * i, pitch)
    hands.wait(5000)
    assert [s for s in hands.band() if s != "C"] == ["C7"]
    assert hands.labels() == ["C7"]


def test_a_seventh_that_stays_over_a_held_triad_is_heard() -> None:
    hands = Hands()
    hands.down(0, 60, 64, 67)
    hands.down(1000, 70)
    hands.wait(1340)
    assert hands.band() == ["C"]
    hands.wait(1400)
    assert hands.band() == ["C", "C7"]


def test_a_voice_that_moves_under_held_ones_makes_a_new_chord() -> None:
    hands = Hands()
    hands.down(0, 60, 64, 67)
    hands.up(990, 67)
    hands.down(1000, 69)
    hands.wait(1031)
    assert hands.band() == ["C", "Am/C"]
    legato = Hands()
    legato.down(0, 60, 65, 67)
    legato.down(1000, 64)
    legato.up(1060, 65)
    legato.wait(1101)
    assert legato.band() == ["Csus4", "C"]


def test_a_walking_bass_under_a_held_chord_keeps_band_and_label_still() -> None:
    hands = Hands()
    hands.down(0, 38, 60, 65, 69)
    hands.up(450, 38)
    for i, pitch in enumerate((41, 45, 48, 50), 1):
        hands.down(500 * i, pitch)
        hands.up(500 * i + 450, pitch)
    hands.wait(4000)
    assert [h.kind for h in hands.heard].count("provisional") == 1
    assert hands.labels() == ["Dm7"]


def test_a_new_bass_that_changes_the_chord_is_heard() -> None:
    hands = Hands()
    hands.down(0, 60, 64, 67)
    hands.down(1000, 45)
    hands.wait(1500)
    assert hands.band() == ["C", "Am7"]


def test_a_rootless_voicing_takes_the_bass_struck_before_it() -> None:
    hands = Hands()
    hands.down(0, 38)
    hands.up(200, 38)
    hands.down(500, 53, 57, 60, 64)
    hands.wait(1500)
    assert hands.labels()[-1] == "Dm9"


def test_one_and_two_notes_make_sense() -> None:
    hands = Hands()
    hands.down(0, 36)
    hands.wait(31)
    assert hands.band() == ["C5"], "one bass note leaves the third open"
    hands.up(500, 36)
    hands.down(1000, 33, 36)
    hands.wait(1100)
    assert hands.band() == ["C5", "Am"]
    high = Hands()
    high.down(0, 76)
    high.wait(500)
    assert high.heard == [], "a melody note alone is no harmony"


def test_a_broken_chord_is_a_chord_and_a_scale_is_not() -> None:
    hands = Hands()
    for i, pitch in enumerate((36, 43, 40, 43, 41, 45, 48, 45)):
        hands.down(250 * i, pitch)
        hands.up(250 * i + 240, pitch)
    hands.wait(3000)
    assert hands.band()[-1].startswith("F")
    assert broken_chord((48, 52, 55, 58))
    assert not broken_chord((48, 50, 52, 53, 55))
    assert not broken_chord((48, 55))


def test_split_point() -> None:
    hands = Hands(ChordStream(split=60))
    hands.down(0, 48, 52, 55, 73, 76)
    hands.wait(500)
    assert hands.labels() == ["C"]
    assert hands.stream.held == (48, 52, 55, 73, 76)
    hands.down(1000, 61, 65, 68)
    hands.wait(2000)
    assert hands.labels() == ["C"]


def test_the_key_of_the_split_itself_is_the_right_hands() -> None:
    hands = Hands(ChordStream(split=60))
    hands.down(0, 50, 53, 57, 60)
    hands.wait(500)
    assert hands.labels() == ["Dm"]


def test_key_context_after_a_cadence() -> None:
    hands = Hands()
    for i, chord in enumerate(((50, 60, 65, 69), (43, 59, 65, 69), (48, 59, 64, 67))):
        hands.down(1000 * i, *chord)
        hands.up(1000 * i + 900, *chord)
    hands.wait(4000)
    assert hands.labels() == ["Dm7", "G9", "Cmaj7"]
    assert hands.stream.key is not None
    assert hands.stream.key.name == "C"


def test_reset_forgets() -> None:
    hands = Hands()
    hands.down(0, 60, 64, 67)
    hands.stream.reset()
    assert hands.stream.held == ()
    assert hands.stream.chord.family is Family.NONE
    assert hands.stream.next_timer() is None


@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_built_in_player_is_understood(form: str) -> None:
    player = DemoPlayer(4, form=form)
    stream = ChordStream()
    ns_per_tick = 60e9 / 120 / 960
    strikes: list[tuple[int, int]] = []
    heard: list[Heard] = []
    for event in player.events(0, 64 * 3840):
        ns = int(event.tick * ns_per_tick)
        if event.data[0] == 0x90:
            strikes.append((ns, event.bar))
        heard += stream.feed(ns, event.data)
    labels = [h for h in heard if h.kind == "settled"]
    right = 0
    for label in labels:
        bar = next(b for ns, b in reversed(strikes) if ns <= label.trigger_ns)
        right += any(label.chord.root == chord.root for chord in player.chords_of(bar))
    assert right >= 0.95 * len(labels)
    assert len(labels) >= 0.9 * sum(
        player.chords_of(b)[i] != (player.chords_of(b) if i else player.chords_of(b - 1))[i - 1]
        for b in range(64)
        for i in range(len(player.chords_of(b)))
    )
    assert_one_revision_per_chord(heard)


def assert_one_revision_per_chord(heard: Sequence[Heard]) -> None:
    revised: list[int] = []
    told: set[int] = set()
    for item in heard:
        if item.kind == "provisional":
            assert item.trigger_ns not in told
            told.add(item.trigger_ns)
        elif item.kind == "revised":
            assert item.trigger_ns in told
            revised.append(item.trigger_ns)
    assert len(revised) == len(set(revised))


symbols = st.sampled_from(
    ["C", "Dm7", "G7", "Fmaj7", "Bbm6", "Em7b5", "A7b9", "Ebdim7", "G7sus4", "Am9", "C13"]
)


@given(st.lists(symbols, min_size=2, max_size=8), st.integers(0, 2**32))
def test_spread_chords_one_retrigger_and_safe_notes_stay_right(names: list[str], seed: int) -> None:
    """Root in the bass, 5 to 40 ms of spread in any order: every label is right, no chord is told about
    more than twice, and what was called safe is in the scale of what it became."""
    rng = random.Random(seed)
    hands = Hands()
    at = 0.0
    wanted: list[str] = []
    for name in names:
        chord = parse_chord(name)
        notes = [36 + chord.root, *(60 + (chord.root + i) % 12 for i in chord.quality.intervals[1:])]
        rng.shuffle(notes)
        spread = rng.uniform(5, 40)
        for i, note in enumerate(notes):
            hands.down(at + spread * i / (len(notes) - 1), note)
        hands.up(at + 700, *notes)
        if not wanted or wanted[-1] != name:
            wanted.append(name)
        at += 1000
    hands.wait(at)
    assert_one_revision_per_chord(hands.heard)
    labels = [h for h in hands.heard if h.kind == "settled"]
    assert [h.chord for h in labels] == [parse_chord(name) for name in wanted]
    safe_right = [
        h.safe <= chord_scale(label.chord)
        for h in hands.heard
        if h.kind == "provisional"
        for label in labels
        if label.trigger_ns == h.trigger_ns and len(h.notes) > 2
    ]
    assert all(safe_right)


def test_the_state_of_the_keys() -> None:
    keys = KeyState()
    keys.feed(bytes((0x90, 60, 1, 64, 1, 0xF8, 67, 0xFE, 1)))  # running status with clock in between
    assert keys.pressed == {60, 64, 67}
    keys.feed(bytes((0x91, 60, 50)))
    keys.feed(bytes((0x80, 60, 0)))
    assert 60 in keys.pressed, "still down on the other channel"
    keys.feed(bytes((0xB0, 64, 64)))
    keys.feed(bytes((0x90, 64, 0)))
    assert keys.pressed == {60, 67}
    assert keys.ringing == {64}
    keys.feed(bytes((0xB0, 64, 63)))
    assert keys.ringing == frozenset()
    keys.feed(bytes((0xB0, 123, 0)))
    assert keys.pressed == {60}
    keys.feed(bytes((0xB1, 120, 0)))
    assert keys.empty


def test_messages_between_noise() -> None:
    noise = bytes((0x40, 0x41, 0xF0, 0x90, 0x01, 0xF7, 0xF2, 0x01, 0x02, 0x05, 0xC3, 0x07, 0x90, 0x3C))
    assert list(channel_messages(noise)) == [(0xC3, 7, 0)]


def random_message(rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.35:
        return bytes((0x90 | rng.randrange(16), rng.randrange(128), rng.randrange(128)))
    if kind < 0.6:
        return bytes((0x80 | rng.randrange(16), rng.randrange(128), rng.randrange(128)))
    if kind < 0.7:
        return bytes((0xB0 | rng.randrange(16), rng.choice((1, 64, 64, 120, 121, 123)), rng.randrange(128)))
    if kind < 0.8:
        return bytes((0xF8,)) * rng.randrange(1, 5)
    if kind < 0.85:
        return bytes((0xF0, *(rng.randrange(128) for _ in range(rng.randrange(20))), 0xF7))
    return bytes(rng.randrange(256) for _ in range(rng.randrange(6)))


@pytest.mark.parametrize("latch", [True, False])
def test_100_000_random_events(latch: bool) -> None:
    """Half with latch, half without: nothing raises, stamps never go back, all keys come up."""
    rng = random.Random(7)
    stream = ChordStream(latch=latch, fade_bars=2 if latch else None)
    ns = 0
    last = 0
    told: list[Heard] = []
    for _ in range(50_000):
        ns += rng.choice((0, 0, 3, 20, 40, 200, -5)) * MS
        for item in stream.feed(ns, random_message(rng)):
            assert item.ns >= last
            last = item.ns
            if item.kind != "settled":
                told.append(item)
    assert told
    for before, item in pairwise(told):
        if item.kind == "revised":
            assert (before.kind, before.trigger_ns) == ("provisional", item.trigger_ns), "one at most"
    for channel in range(16):
        stream.feed(ns, bytes((0xB0 | channel, 64, 0)))
        for pitch in range(128):
            stream.feed(ns, bytes((0x80 | channel, pitch, 0)))
    assert stream.held == ()
    assert stream.advance(ns + 60_000 * MS)[-1].kind == "faded"
    assert stream.next_timer() is None


@given(st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=6)), max_size=40), st.integers(1, 50))
def test_how_often_time_is_asked_makes_no_difference(steps: list[tuple[int, bytes]], every: int) -> None:
    lazy, eager = ChordStream(latch=False), ChordStream(latch=False)
    one: list[Heard] = []
    two: list[Heard] = []
    ns = 0
    for gap, data in [*steps, (500, b"\x90\x30\x40"), (5000, b"")]:
        for at in range(ns, ns + gap * MS, every * MS):
            two += eager.advance(at)
        ns += gap * MS
        one += lazy.feed(ns, data)
        two += eager.feed(ns, data)
    assert one == two


@given(st.lists(st.tuples(st.integers(0, 500), st.sampled_from(["C", "Dm", "G7", "N.C."])), max_size=30))
def test_a_label_is_never_shorter_than_its_dwell(steps: list[tuple[int, str]]) -> None:
    settler = Settler()
    ns = 0
    changes: list[int] = []
    for gap, name in steps:
        for at in range(ns, ns + gap * MS, 5 * MS):
            if settler.settle(at) is not None:
                changes.append(at)
        ns += gap * MS
        settler.propose(parse_chord(name), ns)
    assert all(b - a >= DWELL_NS for a, b in pairwise(changes))


def test_a_melody_in_chords_over_a_held_chord_changes_nothing() -> None:
    hands = Hands()
    hands.down(0, 50, 53, 57, 60)  # Dm7
    hands.wait(500)
    for i, triad in enumerate(((72, 76, 79), (74, 77, 81), (76, 79, 83))):
        hands.down(600 + 300 * i, *triad, spread=6)
        hands.up(720 + 300 * i, *triad)
    hands.wait(3000)
    assert hands.band() == ["Dm", "Dm7"]
    assert hands.labels() == ["Dm7"]


def test_an_accompaniment_that_left_the_chord_long_ago_takes_the_label_along() -> None:
    hands = Hands()
    hands.down(0, 48, 52, 55)
    hands.up(400, 48, 52, 55)
    at = 1000
    for _ in range(3):
        for pitch in (46, 53, 50, 51, 50, 53):  # B flat major with a neighbour note
            hands.down(at, pitch)
            hands.up(at + 150, pitch)
            at += 160
    hands.wait(at + 1000)
    assert hands.labels()[-1] == "Bb"


def test_a_solo_high_up_leaves_the_latched_chord_alone() -> None:
    hands = Hands()
    hands.down(0, 48, 52, 55)
    hands.up(400, 48, 52, 55)
    for i, pitch in enumerate((70, 74, 77, 82, 86, 82, 77, 74, 70, 77, 82, 89)):
        hands.down(1000 + 160 * i, pitch)
        hands.up(1150 + 160 * i, pitch)
    hands.wait(5000)
    assert hands.labels() == ["C"]


def test_the_fewer_notes_of_a_chord_struck_again_from_the_bass_up_are_another_chord() -> None:
    hands = Hands()
    hands.down(0, 48, 64, 67, 70)
    hands.up(800, 48, 64, 67, 70)
    hands.down(1000, 48, 64, 67)
    hands.wait(2000)
    assert hands.labels() == ["C7", "C"]


def test_real_playing_is_heard_the_same_however_often_time_is_asked() -> None:
    lazy, eager = ChordStream(), ChordStream()
    one: list[Heard] = []
    two: list[Heard] = []
    last = 0
    for event in DemoPlayer(9, form="harbour").events(0, 32 * 3840):
        ns = int(event.tick * 60e9 / 120 / 960)
        for at in range(last, ns, 7 * MS):
            two += eager.advance(at)
        last = ns
        one += lazy.feed(ns, event.data)
        two += eager.feed(ns, event.data)
    assert one == two
    assert len(one) > 60
