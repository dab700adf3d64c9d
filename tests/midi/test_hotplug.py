"""The keeper's decisions under a dummy clock; the same over real ports is in test_wire.py."""

from typing import Any

import pytest

from jamtui.errors import PortError
from jamtui.midi.hotplug import LOOK_NS, LOOK_SLOWLY_NS, RETRY_NS, PortKeeper
from jamtui.midi.port import Callback, InputPort, OutputPort
from jamtui.playback.sinks import PortGone


class FakeClient:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.callback: Any = None

    def send_message(self, data: bytes) -> None:
        self.sent.append(data)

    def set_callback(self, callback: Any) -> None:
        self.callback = callback


class FakeSystem:
    """A MidiSystem whose world is three sets."""

    def __init__(self) -> None:
        self.api = "jack"
        self.served_by = "JACK"
        self.alive = True
        self.revivable = False
        self.there: list[str] = []
        self.refusing: set[str] = set()
        self.looks = 0
        self.forgotten: list[str] = []
        self.software: frozenset[str] = frozenset()
        self.players: tuple[str, ...] = ()

    def inputs(self) -> tuple[str, ...]:
        self.looks += 1
        return tuple(self.there)

    def software_inputs(self) -> frozenset[str]:
        return self.software

    def connections(self, port: OutputPort | InputPort) -> tuple[str, ...]:
        return () if port.target else self.players

    def open_input(self, name: str, callback: Callback) -> InputPort:
        if name in self.refusing:
            raise PortError(f"{name} cannot be opened; close the program that uses it")
        return InputPort("jamtui keys", name, FakeClient(), callback)

    def is_there(self, port: OutputPort | InputPort) -> bool:
        return self.alive and (not port.target or port.target in self.there)

    def reopen(self, port: OutputPort | InputPort) -> bool:
        if not self.is_there(port):
            return False
        port.replace(FakeClient())
        return True

    def revive(self) -> bool:
        self.alive = self.revivable
        return self.alive

    def forget(self, port: OutputPort | InputPort) -> None:
        self.forgotten.append(port.target)


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


def keeper_of(system: Any, *patterns: str) -> tuple[PortKeeper, list[tuple[str, bytes]]]:
    heard: list[tuple[str, bytes]] = []

    def receiver(name: str) -> Callback:
        return lambda _stamp, data: heard.append((name, data))

    return PortKeeper(system, patterns or ("*",), receiver), heard


def kinds(changes: list[Any]) -> list[tuple[str, str]]:
    return [(c.kind, c.name) for c in changes]


def test_keyboards_are_opened_as_they_come_and_never_our_own(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    system.there = ["jamtui lead", "Nord"]
    assert kinds(keeper.poll(0)) == [("new", "Nord")]
    system.there.append("Launchkey")
    assert kinds(keeper.poll(LOOK_NS - 1)) == []
    assert kinds(keeper.poll(LOOK_NS)) == [("new", "Launchkey")]
    assert keeper.inputs == ("Nord", "Launchkey")
    assert kinds(keeper.poll(2 * LOOK_NS)) == []


def test_a_keyboard_that_was_pulled_out_is_missed_and_found_again(system: FakeSystem) -> None:
    keeper, heard = keeper_of(system, "nord")
    system.there = ["Nord"]
    keeper.poll(0)
    system.there = []
    assert kinds(keeper.poll(LOOK_NS)) == [("lost", "Nord")]
    assert keeper.inputs == ()
    assert keeper.missing == ("the input Nord disappeared; plug it in again",)
    assert kinds(keeper.poll(2 * LOOK_NS)) == []
    system.there = ["Nord"]
    assert kinds(keeper.poll(3 * LOOK_NS)) == [("back", "Nord")]
    assert keeper.inputs == ("Nord",)
    assert keeper.missing == ()
    keeper._inputs["Nord"].client.callback(([0x90, 60, 1], 0.0), None)
    assert heard == [("Nord", b"\x90\x3c\x01")]


def test_an_output_whose_receiver_went_refuses_until_it_is_back(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    client = FakeClient()
    port = OutputPort("jamtui lead", "loopMIDI", client)
    keeper.keep(port)
    system.there = ["loopMIDI"]
    assert keeper.poll(0) == []
    port.send(b"\x90\x3c\x40")
    system.there = []
    assert kinds(keeper.poll(LOOK_NS)) == [("lost", "jamtui lead")]
    with pytest.raises(PortGone, match="loopMIDI disappeared"):
        port.send(b"\x80\x3c\x00")
    assert client.sent == [b"\x90\x3c\x40"]
    system.there = ["loopMIDI"]
    assert kinds(keeper.poll(2 * LOOK_NS)) == [("back", "jamtui lead")]
    port.send(b"\x80\x3c\x00")
    assert port.client.sent == [b"\x80\x3c\x00"]
    assert keeper.missing == ()


def test_a_port_that_the_band_plays_into_is_not_listened_to(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    keeper.keep(OutputPort("jamtui lead", "loopMIDI", FakeClient()))
    system.there = ["loopMIDI", "Nord"]
    assert kinds(keeper.poll(0)) == [("new", "Nord")]


def test_an_output_may_be_awaited(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    port = OutputPort("jamtui bass", "loopMIDI", None)
    keeper.keep(port)
    with pytest.raises(PortGone):
        port.send(b"\xf8")
    assert keeper.missing
    assert kinds(keeper.poll(0)) == []
    system.there = ["loopMIDI"]
    assert kinds(keeper.poll(LOOK_NS)) == [("back", "jamtui bass")]
    assert keeper.missing == ()


def test_a_port_that_refuses_is_said_once_and_tried_again(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    system.there = ["Nord"]
    system.refusing = {"Nord"}
    assert kinds(keeper.poll(0)) == [("refused", "Nord")]
    assert keeper.missing == ("Nord cannot be opened; close the program that uses it",)
    assert keeper.poll(LOOK_NS) == []
    assert keeper.poll(RETRY_NS) == []
    system.refusing = set()
    assert keeper.poll(RETRY_NS + LOOK_NS) == []
    assert kinds(keeper.poll(2 * RETRY_NS)) == [("new", "Nord")]
    assert keeper.missing == ()


def test_a_port_that_refused_and_left_is_forgotten(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    system.there = ["Nord"]
    system.refusing = {"Nord"}
    keeper.poll(0)
    system.there = []
    keeper.poll(LOOK_NS)
    assert keeper.missing == ()


def test_a_dead_server_is_said_and_everything_comes_back_with_it(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    port = OutputPort("jamtui lead", "", FakeClient())
    keeper.keep(port)
    system.there = ["Nord"]
    keeper.poll(0)
    system.alive = False
    port.gone = keeper._inputs["Nord"].gone = "the JACK server stopped"
    assert kinds(keeper.poll(LOOK_NS)) == [("lost", "JACK")]
    assert keeper.missing == ("the JACK server stopped; start it again and the band is back",)
    assert keeper.poll(LOOK_NS + LOOK_SLOWLY_NS - 1) == []
    system.revivable = True
    assert kinds(keeper.poll(LOOK_NS + LOOK_SLOWLY_NS)) == [
        ("back", "JACK"),
        ("back", "jamtui lead"),
        ("back", "Nord"),
    ]
    port.send(b"\xf8")
    assert keeper.missing == ()


def test_pipewire_is_called_by_its_name(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    system.served_by, system.alive = "PipeWire", False
    assert [change.text for change in keeper.poll(0)] == [
        "PipeWire stopped; start it again and the band is back"
    ]
    assert keeper.missing == ("PipeWire stopped; start it again and the band is back",)
    # Until it is back nobody can say what will answer.
    system.served_by = "JACK"
    keeper.poll(LOOK_SLOWLY_NS)
    assert keeper.missing == ("PipeWire stopped; start it again and the band is back",)
    system.served_by, system.revivable = "PipeWire", True
    assert [change.text for change in keeper.poll(2 * LOOK_SLOWLY_NS)] == ["PipeWire is back"]


def test_a_keyboard_that_is_not_back_with_the_server_is_named_until_it_is(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    system.there = ["Nord"]
    keeper.poll(0)
    system.alive, system.there = False, []
    keeper._inputs["Nord"].gone = "the JACK server stopped"
    keeper.poll(LOOK_NS)
    system.revivable = True
    back = LOOK_NS + LOOK_SLOWLY_NS
    assert kinds(keeper.poll(back)) == [("back", "JACK")]
    assert keeper.missing == ("the input Nord is not there; plug it in again",)
    system.there = ["Nord"]
    assert kinds(keeper.poll(back + LOOK_NS)) == [("back", "Nord")]
    assert keeper.missing == ()


def test_inputs_can_be_left_and_taken_again(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    system.there = ["Nord", "Pad"]
    keeper.poll(0)
    assert keeper.toggle_input("Pad") is False
    assert system.forgotten == ["Pad"]
    assert keeper.poll(LOOK_NS) == []
    assert keeper.inputs == ("Nord",)
    assert keeper.toggle_input("Pad") is True
    assert kinds(keeper.poll(LOOK_NS)) == [("new", "Pad")]
    assert keeper.inputs == ("Nord", "Pad")
    assert (keeper.patterns, keeper.ignored) == (("*",), ())


def test_a_choice_leaves_the_patterns_as_they_are_so_that_later_keyboards_are_found(
    system: FakeSystem,
) -> None:
    keeper, _ = keeper_of(system)
    system.there = ["Nord", "Pad"]
    keeper.poll(0)
    assert keeper.toggle_input("Pad") is False
    assert (keeper.patterns, keeper.ignored) == (("*",), ("Pad",))
    system.there.append("Launchkey")
    keeper.poll(LOOK_NS)
    assert keeper.inputs == ("Nord", "Launchkey")


def test_an_input_that_the_patterns_do_not_mean_is_opened_at_the_first_press(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system, "nord")
    system.there = ["Nord", "Keystation"]
    keeper.poll(0)
    assert keeper.toggle_input("Keystation") is True
    assert kinds(keeper.poll(LOOK_NS)) == [("new", "Keystation")]
    assert (keeper.patterns, keeper.ignored) == (("nord", "Keystation"), ())
    assert keeper.toggle_input("Keystation") is False
    assert (keeper.patterns, keeper.ignored) == (("nord",), ())
    assert keeper.poll(2 * LOOK_NS) == []


def test_a_star_means_hardware_and_another_program_must_be_named(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    system.there, system.software = ["Nord", "REAPER MIDI Output 1"], frozenset({"REAPER MIDI Output 1"})
    keeper.poll(0)
    assert keeper.inputs == ("Nord",)
    assert keeper.toggle_input("REAPER MIDI Output 1") is True
    keeper.poll(LOOK_NS)
    assert keeper.inputs == ("Nord", "REAPER MIDI Output 1")


def test_the_band_never_listens_to_what_it_plays_into(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    keeper.keep(OutputPort("jamtui lead", "loopMIDI", FakeClient()))
    system.there = ["loopMIDI"]
    with pytest.raises(PortError, match="plays into loopMIDI"):
        keeper.toggle_input("loopMIDI")
    assert keeper.patterns == ("*",)


def test_a_player_who_is_taken_from_our_own_input_is_missed(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system)
    keeper.keep(InputPort("jamtui in", "", FakeClient(), lambda _stamp, _data: None))
    system.players = ("Nord", "Pad")
    assert keeper.poll(0) == []
    system.players = ("Pad",)
    assert kinds(keeper.poll(LOOK_NS)) == [("parted", "jamtui in")]
    assert keeper.poll(2 * LOOK_NS) == []


def test_a_callback_that_fails_does_not_reach_the_midi_thread() -> None:
    def fail(_stamp: int, _data: bytes) -> None:
        raise ZeroDivisionError

    port = InputPort("jamtui in", "", FakeClient(), fail)
    port.client.callback(([0xF8], 0.0), None)
    assert "ZeroDivisionError" in port.error


def test_looking_is_rare_where_it_costs(system: FakeSystem) -> None:
    system.api = "alsa"
    keeper, _ = keeper_of(system)
    for now in range(0, 2 * LOOK_SLOWLY_NS, LOOK_NS // 4):
        keeper.poll(now)
    assert system.looks == 2


def test_an_output_that_failed_in_a_send_is_said_and_found_again(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system, "nothing*")
    system.there = ["Rack"]
    port = OutputPort("jamtui lead", "Rack", FakeClient())
    keeper.keep(port)
    assert kinds(keeper.poll(0)) == []
    port.gone = "unplugged"  # as a send that fails does, before anybody looked
    assert kinds(keeper.poll(LOOK_NS)) == [("lost", "jamtui lead"), ("back", "jamtui lead")]
    system.there = []
    port.gone = "unplugged"
    assert kinds(keeper.poll(2 * LOOK_NS)) == [("lost", "jamtui lead")]
    assert "unplugged" in keeper.missing[0]
    assert kinds(keeper.poll(3 * LOOK_NS)) == []
    system.there = ["Rack"]
    assert kinds(keeper.poll(4 * LOOK_NS)) == [("back", "jamtui lead")]
    assert list(keeper.missing) == []


def test_a_keyboard_that_is_wanted_by_its_name_is_missed_while_there_is_no_other(system: FakeSystem) -> None:
    keeper, _ = keeper_of(system, "*", "Launchkey")
    keeper.poll(0)
    assert keeper.missing == ('the keyboard "Launchkey" is not there; plug it in',)
    system.there = ["Keystation 61"]
    keeper.poll(10 * LOOK_NS)
    assert keeper.missing == ()
    system.there = []
    keeper.poll(20 * LOOK_NS)
    assert keeper.missing == (
        "the input Keystation 61 disappeared; plug it in again",
        'the keyboard "Launchkey" is not there; plug it in',
    )
