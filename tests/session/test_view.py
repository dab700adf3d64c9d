"""What the screen is told: a calm chord, honest about what has not settled; mute and solo apart."""

from jamtui.music.chart import parse_chart
from jamtui.music.phrase import Role
from jamtui.playback.commands import Route
from jamtui.session.generator import Hit
from jamtui.session.snapshot import LibraryView, Snapshot
from jamtui.session.view import Levels, Surroundings, chord_view, snapshot
from tests.session.small_band import heard
from tests.session.stage import Stage


def test_before_the_first_chord_there_is_none() -> None:
    assert chord_view(None, None, ()).symbol == ""


def test_the_first_chord_is_provisional_until_it_settles() -> None:
    view = chord_view(None, heard("Dm7", 10), (50, 53))
    assert (view.symbol, view.provisional, view.heard, view.held) == ("Dm7", True, "", True)
    view = chord_view(heard("Dm7", 130, "settled"), heard("Dm7", 10), ())
    assert (view.symbol, view.provisional, view.heard, view.held) == ("Dm7", False, "", False)


def test_a_newer_chord_stands_beside_the_settled_one() -> None:
    settled = heard("Dm7", 130, "settled")
    view = chord_view(settled, heard("G7", 500), (55,))
    assert (view.symbol, view.provisional, view.heard) == ("Dm7", False, "G7")
    assert view.notes == settled.notes
    view = chord_view(heard("G7", 620, "settled"), heard("G7", 500), (55,))
    assert (view.symbol, view.heard) == ("G7", "")


def test_a_better_reading_by_the_label_is_not_contradicted_by_the_older_one() -> None:
    view = chord_view(heard("C6", 620, "settled"), heard("Am7", 500), ())
    assert (view.symbol, view.heard) == ("C6", "")


def test_after_no_chord_the_next_is_shown_at_once() -> None:
    faded = heard("N.C.", 900, "faded")
    assert chord_view(faded, faded, ()).symbol == "N.C."
    view = chord_view(faded, heard("A7", 1000), ())
    assert (view.symbol, view.provisional, view.heard) == ("A7", True, "")


def _shown(stage: Stage) -> Snapshot:
    around = Surroundings(
        session="test",
        seed=7,
        inputs=(),
        ports_in=(),
        ports_out=(),
        output="",
        synth="",
        recording="",
        notices=(),
        priority="",
        routes={role: Route(role.value, 0) for role in Role},
        port_names={},
        health=(),
        queue_depth=0,
        hits=(Hit(0.9, "Dm7 G7", "swing", "tune.mid", ((0, 480, 62),), 3840, "L:7", "lead"),),
        library=LibraryView(12, 3),
        demo=False,
    )
    return snapshot(stage.band, around, Levels(), 1, stage.time())


def test_muted_and_soloed_out_are_told_apart() -> None:
    stage = Stage()
    stage.act("mute_drums")
    stage.act("solo_lead")
    roles = {r.role: r for r in _shown(stage).roles}
    assert [name for name, r in roles.items() if r.muted] == ["drums"]
    assert [name for name, r in roles.items() if r.solo] == ["lead"]
    assert [name for name, r in roles.items() if r.audible] == ["lead"]
    stage.act("solo_lead")
    roles = {r.role: r for r in _shown(stage).roles}
    assert sorted(name for name, r in roles.items() if r.audible) == ["bass", "comp", "lead"]


def test_the_screen_follows_the_latch() -> None:
    stage = Stage()
    assert _shown(stage).latch
    stage.act("latch")
    assert not _shown(stage).latch


def test_a_played_chord_is_told_before_and_after_it_settles() -> None:
    stage = Stage()
    stage.act("start_stop")
    stage.press(50, 53, 57, 60)
    stage.wait(30)
    first = _shown(stage).chord
    assert (first.symbol, first.provisional) == ("Dm7", True)
    stage.wait(500)
    assert not _shown(stage).chord.provisional
    stage.lift(50, 53, 57, 60)
    stage.press(43, 53, 59, 62)
    stage.wait(30)
    second = _shown(stage).chord
    assert (second.symbol, second.provisional, second.heard) == ("Dm7", False, "G7")
    stage.wait(500)
    third = _shown(stage).chord
    assert (third.symbol, third.heard) == ("G7", "")


def test_flow_is_shown_beside_the_lead_and_with_what_waits() -> None:
    stage = Stage(chart=parse_chart("Dm7 | G7"))
    stage.act("start_stop")
    stage.wait(100)
    stage.act("flow")
    shown = _shown(stage)
    lead = next(r for r in shown.roles if r.role == "lead")
    assert lead.label.startswith("flow")
    assert shown.pending == ("flow: your keys play the lead",)
