import pytest

from jamtui.session.actions import ACTIONS, Action, Argument
from jamtui.session.midi_map import Mapping, MidiMap, Triggered, check_argument, check_mapping
from jamtui.session.settings import SettingError


def test_a_note_triggers_when_pressed_and_is_swallowed_when_released() -> None:
    keys = MidiMap([Mapping("freeze", note=True, number=36)])
    assert keys.take(bytes((0x93, 36, 100))) == Triggered("freeze")
    assert keys.take(bytes((0x93, 36, 0))) == Triggered()
    assert keys.take(bytes((0x83, 36, 64))) == Triggered()
    assert keys.take(bytes((0x93, 37, 100))) is None


def test_a_pedal_triggers_once_per_press() -> None:
    keys = MidiMap([Mapping("start_stop", note=False, number=67)])
    said = [keys.take(bytes((0xB0, 67, v))) for v in (20, 64, 90, 127, 70, 63, 10, 80)]
    assert [t.action for t in said if t is not None] == ["", "start_stop", "", "", "", "", "", "start_stop"]


def test_a_fader_sets_a_number_over_its_range() -> None:
    keys = MidiMap([Mapping("energy", note=False, number=1), Mapping("tempo", note=False, number=2)])
    assert keys.take(bytes((0xB0, 1, 127))) == Triggered("energy", 1.0)
    assert keys.take(bytes((0xB0, 1, 0))) == Triggered("energy", 0.0)
    assert keys.take(bytes((0xB0, 2, 0))) == Triggered("tempo", 40.0)


@pytest.mark.parametrize("name", [a.name for a in ACTIONS if f"{a.name}_up" in {b.name for b in ACTIONS}])
def test_all_that_goes_up_and_down_goes_on_a_knob(name: str) -> None:
    knob = Mapping(name, note=False, number=7)
    check_mapping(knob)
    keys = MidiMap([knob])
    ends = [keys.take(bytes((0xB0, 7, value))) for value in (0, 127)]
    least, most = (end.argument if end is not None else None for end in ends)
    assert isinstance(least, float)
    assert isinstance(most, float)
    assert least < most


@pytest.mark.parametrize(
    ("name", "argument", "wrong"),
    [
        ("style", "Bossa", "swng"),
        ("meter", "3/4", "13/8"),
        ("grid", "free", "1/7"),
        ("temperature", 0.5, "warm"),
        ("surprise", 1, 1.5),
        ("tempo", 120, 1000),
        ("seed", 3, -1),
        ("capture", 2, 9),
        ("keep", "lead", "piano"),
        ("panic", None, "now"),
        ("ingest", "midis", None),
        ("style", "swing", None),
        ("energy", "0.3", None),
    ],
)
def test_an_argument_that_would_fail_on_stage_is_refused(
    name: str, argument: str | float | None, wrong: str | float | None
) -> None:
    styles = ("swing", "bossa")
    check_mapping(Mapping(name, note=True, number=1, argument=argument), styles)
    with pytest.raises(SettingError) as error:
        check_mapping(Mapping(name, note=True, number=1, argument=wrong), styles)
    assert str(wrong) in str(error.value) or name in str(error.value)


def test_every_action_without_a_needed_argument_may_stand_alone() -> None:
    for action in ACTIONS:
        if action.argument is Argument.NONE or action.key:
            check_mapping(Mapping(action.name, note=True, number=1), ())


def test_channel_and_argument_are_kept() -> None:
    keys = MidiMap([Mapping("style", note=True, number=40, channel=9, argument="bossa")])
    assert keys.take(bytes((0x90, 40, 1))) is None
    assert keys.take(bytes((0x99, 40, 1))) == Triggered("style", "bossa")


def test_other_messages_are_never_taken() -> None:
    keys = MidiMap([Mapping("panic", note=True, number=0), Mapping("panic", note=False, number=0)])
    for data in (b"", b"\xf8", bytes((0xE0, 0, 0)), bytes((0xC0, 0)), bytes((0xF0, 0, 0xF7))):
        assert keys.take(data) is None


@pytest.mark.parametrize(
    "action", [a for a in ACTIONS if a.argument is Argument.NUMBER], ids=lambda a: a.name
)
def test_what_is_no_number_is_refused_wherever_one_is_needed(action: Action) -> None:
    for text in ("x", "nan", "", "-1"):
        with pytest.raises(SettingError, match=r"[Gg]ive"):
            check_argument(action, text)
