"""Which chord holds when."""

from jamtui.music.chart import parse_chart
from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, PPQ
from jamtui.music.scale import Key
from jamtui.session.barlines import BarLines
from jamtui.session.harmony import Harmony

BAR = 4 * PPQ
D, G, CM, E = (parse_chord(s) for s in ("Dm7", "G7", "Cmaj7", "Eb7"))


def test_heard_chords_hold_until_the_next() -> None:
    harmony = Harmony(BarLines(0, METERS["4/4"]))
    assert harmony.at(0) is None
    harmony.hear(D, 0, 0)
    harmony.hear(G, BAR, BAR - 100)
    assert (harmony.at(BAR - 1), harmony.at(BAR), harmony.at(99 * BAR)) == (D, G, G)
    assert harmony.previous(BAR) == D
    assert harmony.next_change(0) == BAR
    spans = harmony.spans(0, 2 * BAR)
    assert [(s.start, s.length, s.chord) for s in spans] == [(0, BAR, D), (BAR, BAR, G)]


def test_a_second_chord_for_the_same_grid_point_replaces_the_first() -> None:
    harmony = Harmony(BarLines(0, METERS["4/4"]))
    harmony.hear(D, 480, 100)
    harmony.hear(G, 480, 200)
    assert harmony.at(480) == G
    assert harmony.previous(480) is None


def test_a_chart_goes_round_and_gives_way_until_it_changes() -> None:
    harmony = Harmony(BarLines(0, METERS["4/4"]))
    harmony.set_chart(parse_chart("Dm7 | G7 | Cmaj7 | %"))
    assert [harmony.at(n * BAR) for n in range(5)] == [D, G, CM, CM, D]
    harmony.hear(E, 2 * BAR + 480, 2 * BAR + 470)
    assert harmony.at(2 * BAR) == CM
    assert harmony.at(3 * BAR) == E
    assert harmony.at(4 * BAR) == D
    assert [s.chord for s in harmony.spans(2 * BAR, 3 * BAR)] == [CM, E, D]


def test_an_early_chord_belongs_to_the_coming_chart_bar() -> None:
    harmony = Harmony(BarLines(0, METERS["4/4"]))
    harmony.set_chart(parse_chart("Dm7 | G7 | Cmaj7 | %"))
    harmony.hear(E, BAR, BAR - 300)
    assert harmony.at(BAR) == E
    assert harmony.at(2 * BAR) == CM


def test_two_chords_in_a_bar_keep_their_share_in_another_meter() -> None:
    harmony = Harmony(BarLines(0, METERS["3/4"]))
    harmony.set_chart(parse_chart("Dm7 G7 | Cmaj7", METERS["4/4"]))
    bar = 3 * PPQ
    assert harmony.at(0) == D
    assert harmony.at(bar - 1) == G
    assert harmony.at(bar) == CM
    assert harmony.next_change(0) % PPQ == 0


def test_the_key_is_brought_up_to_date_when_asked() -> None:
    harmony = Harmony(BarLines(0, METERS["4/4"]))
    for number, chord in enumerate((D, G, CM)):
        harmony.hear(chord, number * BAR, number * BAR)
    assert harmony.key is None
    harmony.settle_key()
    assert harmony.key == Key(0)


def test_a_restart_keeps_the_latched_chord() -> None:
    harmony = Harmony(BarLines(0, METERS["4/4"]))
    harmony.hear(G, 5 * BAR, 5 * BAR)
    harmony.restart(BarLines(0, METERS["3/4"]))
    assert harmony.at(0) == G


def test_a_chart_s_opening_is_told_whatever_was_heard() -> None:
    harmony = Harmony(BarLines(0, METERS["4/4"]))
    assert harmony.opening(4) == ()
    harmony.set_chart(parse_chart("Dm7 | % | G7 Cmaj7 | % | Dm7"))
    harmony.hear(E, 7 * BAR, 7 * BAR)
    assert harmony.opening(9) == ((0, D), (2, G), (2, CM), (3, G), (3, CM), (4, D))
    assert harmony.opening(2) == ((0, D), (2, G))
