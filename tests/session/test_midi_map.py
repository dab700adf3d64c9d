from jamtui.session.midi_map import Mapping, MidiMap, Triggered


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


def test_channel_and_argument_are_kept() -> None:
    keys = MidiMap([Mapping("style", note=True, number=40, channel=9, argument="bossa")])
    assert keys.take(bytes((0x90, 40, 1))) is None
    assert keys.take(bytes((0x99, 40, 1))) == Triggered("style", "bossa")


def test_other_messages_are_never_taken() -> None:
    keys = MidiMap([Mapping("panic", note=True, number=0), Mapping("panic", note=False, number=0)])
    for data in (b"", b"\xf8", bytes((0xE0, 0, 0)), bytes((0xC0, 0)), bytes((0xF0, 0, 0xF7))):
        assert keys.take(data) is None
