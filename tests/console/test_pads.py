"""Chord pads: real MIDI, latched, every note-on with its note-off."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from jamtui.console.app import JamApp
from jamtui.console.inks import colour_inks
from jamtui.console.pads import PADS, Pads
from jamtui.session.actions import ACTIONS
from tests.console.fakes import FakeBand, no_input, stage_text

MakeApp = Callable[..., JamApp]


def _sounding(messages: list[bytes]) -> Counter[int]:
    """Open notes by pitch; a note-off without its note-on is an error."""
    open_notes: Counter[int] = Counter()
    for status, note, velocity in messages:
        if status & 0xF0 == 0x90:
            assert velocity > 0
            open_notes[note] += 1
        else:
            assert status & 0xF0 == 0x80
            open_notes[note] -= 1
            assert open_notes[note] >= 0
    return +open_notes


def test_chords_of_c() -> None:
    pads = Pads()
    assert [pads.symbol(k) for k in "zxcvbnm"] == ["Cmaj7", "Dm7", "Em7", "Fmaj7", "G7", "Am7", "Bm7b5"]
    assert [pads.symbol(k) for k in "ZXCVBN"] == ["Bb7", "A7", "B7", "C7", "D7", "E7"]
    assert {n % 12 for n in pads.notes("m")} == {11, 2, 5, 9}
    assert pads.notes("x")[0] % 12 == 2


def test_the_root_is_the_lowest_note_in_every_key() -> None:
    for tonic in range(12):
        pads = Pads(tonic)
        for key, pad in PADS.items():
            notes = pads.notes(key)
            assert notes[0] % 12 == (tonic + pad.offset) % 12
            assert list(notes) == sorted(notes)
            assert len({n % 12 for n in notes}) == 4


def test_no_pad_is_an_action() -> None:
    assert not set(PADS) & {a.key for a in ACTIONS}


@given(st.lists(st.one_of(st.sampled_from(sorted(PADS)), st.sampled_from(["release", "up", "down"]))))
def test_any_playing_leaves_no_note_behind(steps: list[str]) -> None:
    pads = Pads()
    sent: list[bytes] = []
    for step in steps:
        if step == "release":
            sent += pads.release()
        elif step in ("up", "down"):
            pads.transpose(1 if step == "up" else -1)
        else:
            sent += pads.press(step)
            assert sum(_sounding(sent).values()) == 4
    sent += pads.release()
    assert not _sounding(sent)


async def test_keys_play_the_pads_when_no_input_is_open(make_app: MakeApp) -> None:
    band = FakeBand()
    band.change = no_input
    time = [0.0]
    app = make_app(band, now=lambda: time[0])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("x")
        assert set(_sounding(band.midi)) == set(Pads().notes("x"))
        time[0] = 1.0
        await pilot.press("b")
        assert set(_sounding(band.midi)) == set(Pads().notes("b"))
        await pilot.press("full_stop", "z")
        assert set(_sounding(band.midi)) == set(Pads(1).notes("z"))
        await pilot.press("escape")
        assert not _sounding(band.midi)
        assert band.acts == []


async def test_auto_repeat_does_not_strike_again(make_app: MakeApp) -> None:
    band = FakeBand()
    band.change = no_input
    time = [0.0]
    app = make_app(band, now=lambda: time[0])
    async with app.run_test() as pilot:
        for step in range(10):
            time[0] = step * 0.03
            await pilot.press("z")
        assert len(band.midi) == 4
        time[0] = 1.0
        await pilot.press("z")
        assert len(band.midi) == 12


async def test_pads_stay_off_with_a_keyboard(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test() as pilot:
        await pilot.press("z")
        assert band.midi == []


async def test_a_pad_is_not_lit_while_the_engine_is_away(make_app: MakeApp) -> None:
    band = FakeBand()
    band.change = no_input
    app = make_app(band)

    def lit() -> list[str]:
        selected = colour_inks().selected
        return [s.text for row in app.stage.rows for s in row if s.style == selected]

    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("z")
        assert lit() == ["Cmaj7"]
        band.link_state = "lost"
        app.refresh_stage()
        assert lit() == [], "its notes went with the engine"
        await pilot.press("x")
        assert lit() == []
        assert len(band.midi) == 4
        assert "the pads wait" in stage_text(app)
        band.link_state = "connected"
        app.refresh_stage()
        await pilot.press("x")
        assert lit() == ["Dm7"]


async def test_leaving_panic_and_a_new_keyboard_end_the_pad(make_app: MakeApp) -> None:
    for keys in (("q", "q"), ("ctrl+d",), ("!",)):
        band = FakeBand()
        band.change = no_input
        async with make_app(band).run_test() as pilot:
            await pilot.press("z", *keys)
        assert len(band.midi) == 8
        assert not _sounding(band.midi)
    band = FakeBand()
    band.change = no_input
    app = make_app(band)
    async with app.run_test() as pilot:
        await pilot.press("z")
        band.change = lambda s: replace(no_input(s), inputs=("Keystation 61",))
        band.refresh()
        app.refresh_stage()
        assert not _sounding(band.midi)
