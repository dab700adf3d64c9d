"""Keys: every one does its action, from every screen where it must."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jamtui.console.app import JamApp
from jamtui.console.frame import Drawer
from jamtui.console.keys import Keymap, named, written
from jamtui.errors import ConfigError
from jamtui.session.actions import ACTIONS, BY_NAME, Argument
from jamtui.session.snapshot import PortView, Snapshot
from tests.console.fakes import STYLES, FakeBand, stage_text

MakeApp = Callable[..., JamApp]


@pytest.mark.parametrize("action", [a for a in ACTIONS if a.key and not a.local], ids=lambda a: a.name)
async def test_every_key_asks_for_its_action(band: FakeBand, make_app: MakeApp, action: object) -> None:
    app = make_app(band)
    async with app.run_test() as pilot:
        await pilot.press(action.key)  # type: ignore[attr-defined] # an Action; pytest types parameters as object
        # Keep and ban are for the role that is looked at.
        role = "lead" if action.argument is Argument.ROLE else None  # type: ignore[attr-defined] # as above
        assert band.acts == [(action.name, role, False)]  # type: ignore[attr-defined] # as above


@pytest.mark.parametrize(
    "opened",
    [
        (),
        ("question_mark",),
        ("p",),
        ("d",),
        ("o",),
        ("o", "slash", "a"),
        ("o", "i"),
        ("ctrl+p",),
        ("ctrl+p", "a", "b"),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 10)])
async def test_panic_on_every_screen(
    band: FakeBand, make_app: MakeApp, opened: tuple[str, ...], size: tuple[int, int]
) -> None:
    app = make_app(band)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*opened)
        await pilot.press("!")
        assert ("panic", None, False) in band.acts


async def test_panic_moved_keeps_the_exclamation_mark(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band, key_overrides={"panic": "f1"})
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        await pilot.press("f1", "!")
        assert [a[0] for a in band.acts] == ["panic", "panic"]


async def test_quit_needs_two_presses_within_two_seconds(band: FakeBand, make_app: MakeApp) -> None:
    time = [0.0]
    app = make_app(band, now=lambda: time[0])
    async with app.run_test() as pilot:
        await pilot.press("q")
        time[0] = 2.5
        await pilot.press("q")
        assert app.is_running
        time[0] = 3.0
        await pilot.press("q")
    assert app.return_value == "quit"


async def test_ctrl_c_is_quit_also_in_the_palette(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p", "ctrl+c")
        assert app.is_running
        await pilot.press("ctrl+c")
    assert app.return_value == "quit"


async def test_detach_leaves_at_once_and_asks_nothing_of_the_band(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+d")
    assert app.return_value == "detach"
    assert band.acts == []


@pytest.mark.parametrize("keys", [("tab", "s"), ("alt+s",)])
async def test_the_next_beat_modifier(band: FakeBand, make_app: MakeApp, keys: tuple[str, ...]) -> None:
    app = make_app(band)
    async with app.run_test() as pilot:
        await pilot.press(*keys)
        await pilot.press("s")
        assert band.acts == [("style_next", None, True), ("style_next", None, False)]


async def test_style_picker_chooses_with_cursor_and_enter(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test() as pilot:
        await pilot.press("p", "down", "down", "enter")
        assert band.acts == [("style", STYLES[2][0], False)]
        await pilot.press("up")
        assert band.acts[-1] == ("energy_up", None, False)


async def test_the_cursor_goes_round(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test() as pilot:
        await pilot.press("p", "up", "enter")
        assert band.acts == [("style", STYLES[-1][0], False)]


async def test_keys_reach_the_band_while_a_drawer_is_open(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test() as pilot:
        await pilot.press("d", "space", "1")
        assert [a[0] for a in band.acts] == ["start_stop", "mute_lead"]


async def test_devices_toggle_inputs(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d", "down", "enter")
        assert band.acts == [("input_toggle", "nanoKONTROL2", False)]
        assert app.drawer is Drawer.DEVICES


def _two_outputs(snapshot: Snapshot) -> Snapshot:
    ports = (PortView("FLUID Synth (1234)", False), PortView("loopMIDI bass", True))
    roles = tuple(replace(r, port="loopMIDI bass") if r.role == "bass" else r for r in snapshot.roles)
    return replace(snapshot, ports_out=ports, roles=roles, synth="FLUID Synth (1234)")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_role_is_sent_to_a_port_that_exists(
    band: FakeBand, make_app: MakeApp, size: tuple[int, int]
) -> None:
    band.change = _two_outputs
    app = make_app(band)
    async with app.run_test(size=size) as pilot:
        # Two inputs, then lead and bass.
        await pilot.press("d", "down", "down", "down")
        assert "loopMIDI bass" in stage_text(app)
        assert "○ FLUID" not in stage_text(app)
        await pilot.press("enter")
        assert band.acts == []
        assert "▶      ● loopMIDI bass" in stage_text(app), "the cursor stands on the port in use"
        await pilot.press("up")
        assert "▶      ○ FLUID Synth" in stage_text(app)
        await pilot.press("enter")
        assert band.acts == [("output_pick", "bass=FLUID Synth (1234)", False)]
        assert "○ FLUID Synth (1234) " not in stage_text(app), "folded again"
        assert "▶ ▸ bass" in stage_text(app)


async def test_a_role_goes_back_to_its_own_port(band: FakeBand, make_app: MakeApp) -> None:
    band.change = _two_outputs
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d", "down", "down", "down", "enter", "down", "enter")
        assert band.acts == [("output_pick", "bass=", False)]
        await pilot.press("up", "enter")
        assert "● its own port" in stage_text(app), "lead plays into it"


async def test_escape_folds_before_it_closes(band: FakeBand, make_app: MakeApp) -> None:
    band.change = _two_outputs
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d", "down", "down", "enter", "escape")
        assert "▶ ▸ lead" in stage_text(app)
        await pilot.press("escape")
        assert "▸ lead" not in stage_text(app)
        assert band.acts == []


async def test_the_synth_that_was_found_is_a_row(band: FakeBand, make_app: MakeApp) -> None:
    band.change = _two_outputs
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d", "up")
        assert "○ all through FLUID Synth" in stage_text(app)
        await pilot.press("enter")
        assert band.acts == [("synth", None, False)]


@pytest.mark.parametrize("action", [a.name for a in ACTIONS if a.local and a.key])
async def test_what_the_keyboard_asks_for_is_done_as_if_its_key_was_pressed(
    make_app: MakeApp, action: str, tmp_path: Path
) -> None:
    def state(app: JamApp) -> tuple[object, ...]:
        events = [line for line in stage_text(app).splitlines() if "screenshot" in line]
        return app.drawer, app.roll_role, len(app.screen_stack), bool(events), stage_text(app)

    key = BY_NAME[action].key
    shown = []
    for ask in (True, False):
        band = FakeBand()
        app = make_app(band, screenshot_folder=tmp_path)
        async with app.run_test(size=(120, 40)) as pilot:
            if ask:
                band.requests.append(action)
                app.refresh_stage()
                assert band.requests == []
            else:
                await pilot.press(key)
            await pilot.pause()
            app.refresh_stage()
            shown.append((state(app)[:-1] if action == "screenshot" else state(app), app.return_value))
        assert band.acts == []
    assert shown[0] == shown[1]


async def test_quit_asked_twice_from_the_keyboard(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test() as pilot:
        band.requests.append("quit")
        app.refresh_stage()
        await pilot.pause()
        assert app.is_running
        assert "press q again" in stage_text(app)
        band.requests.append("quit")
        app.refresh_stage()
        await pilot.pause()
    assert app.return_value == "quit"


async def test_requests_that_are_no_business_of_the_console(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test():
        band.requests += ["panic", "no such thing"]
        app.refresh_stage()
        assert band.acts == [], "it would come back from the engine again and again"


async def test_local_keys_open_and_close(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        for key, drawer in (
            ("question_mark", Drawer.HELP),
            ("p", Drawer.STYLES),
            ("d", Drawer.DEVICES),
            ("L", Drawer.LLM),
        ):
            await pilot.press(key)
            assert app.drawer is drawer
            await pilot.press(key)
            assert app.drawer is Drawer.NONE
        assert band.acts == []


async def test_roll_shows_the_next_role(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        seen = []
        for _ in range(4):
            seen.append(app.roll_role)
            await pilot.press("r")
        assert seen == ["lead", "bass", "comp", "drums"]


def test_override_by_character_and_none() -> None:
    keymap = Keymap({"freeze": "/", "click": ""})
    found = keymap.action("slash")
    assert found is not None
    assert found[0].name == "freeze"
    assert keymap.action("k") is None
    assert keymap.action("f") is None


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"freez": "x"}, "freeze"),
        ({"freeze": "z"}, "chord pad"),
        ({"freeze": "s"}, "change one of them"),
        ({"panic": ""}, "panic needs a key"),
        ({"panic": "foo bar"}, "no key 'foo bar'; give a character"),
        ({"panic": "F10"}, "did you mean 'f10'"),
        ({"panic": "ctl+x"}, "did you mean 'ctrl'"),
    ],
)
def test_overrides_that_cannot_be(overrides: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Keymap(overrides)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("f10", "f10"),
        (" x ", "x"),
        ("#", "number_sign"),
        ("less_than_sign", "less_than_sign"),
        ("alt+!", "alt+exclamation_mark"),
        ("+", "plus"),
        ("alt++", "alt+plus"),
        ("ctrl+shift+f2", "ctrl+shift+f2"),
        ("ä", "ä"),
    ],
)
def test_keys_are_given_by_name_or_character(given: str, name: str) -> None:
    assert named(given) == name


@pytest.mark.parametrize("action", [a for a in ACTIONS if a.key], ids=lambda a: a.name)
def test_every_default_key_is_one_that_may_be_given(action: object) -> None:
    assert named(action.key) == action.key  # type: ignore[attr-defined] # an Action; see above


def test_every_hint_is_written_for_people() -> None:
    for hint in Keymap().hints:
        assert "_" not in hint.key
        assert written("exclamation_mark") == "!"


def test_default_keys_leave_the_pads_alone() -> None:
    keys = [a.key for a in ACTIONS if a.key]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set("zxcvbnmZXCVBN")
