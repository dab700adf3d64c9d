import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.midi import names


@pytest.mark.parametrize(
    ("raw", "api", "clean"),
    [
        ("Launchkey:Launchkey MIDI 1 24:0", "alsa", "Launchkey MIDI 1"),
        ("jamtui lead:jamtui lead 128:0", "alsa", "jamtui lead"),
        ("Midi Through:Midi Through Port-0 14:0", "alsa", "Midi Through Port-0"),
        ("TiMidity:TiMidity port 0 130:0", "alsa", "TiMidity port 0"),
        ("Synth:Part 10 20:0", "alsa", "Synth Part 10"),
        ("loopMIDI Port 2", "winmm", "loopMIDI Port"),
        ("Microsoft GS Wavetable Synth 0", "winmm", "Microsoft GS Wavetable Synth"),
        ("Keystation", "winmm", "Keystation"),
        ("Keystation MK3", "winmm", "Keystation MK3"),
        ("88", "winmm", "88"),
        ("IAC Driver Bus 1", "coremidi", "IAC Driver Bus 1"),
        ("jamtui lead:out", "jack", "jamtui lead"),
        ("Nord-01:out", "jack", "Nord"),
        ("system:midi_capture_1", "jack", "midi_capture_1"),
        (
            "a2j:Launchkey [20] (capture): Launchkey MIDI 1",
            "jack",
            "Launchkey [20] (capture): Launchkey MIDI 1",
        ),
        ("REAPER:MIDI Output 1", "jack", "REAPER MIDI Output 1"),
    ],
)
def test_names_are_cleaned(raw: str, api: str, clean: str) -> None:
    assert names.clean(raw, api) == clean


def test_equal_names_are_numbered_in_order() -> None:
    raws = ["Keys 0", "Pad 1", "Keys 2", "Keys 3"]
    assert names.clean_all(raws, "winmm") == ("Keys", "Pad", "Keys (2)", "Keys (3)")


@given(st.lists(st.text(max_size=20), max_size=8), st.sampled_from(["alsa", "jack", "winmm", "coremidi"]))
def test_cleaning_keeps_the_number_of_ports(raws: list[str], api: str) -> None:
    assert len(names.clean_all(raws, api)) == len(raws)


def test_own_ports_are_known_in_every_process() -> None:
    assert all(
        names.is_ours(n) for n in (names.INPUT, names.THRU, *names.ROLE_PORTS.values(), "jamtui lead-01")
    )
    assert not any(names.is_ours(n) for n in ("jamtuifier", "Launchkey", "my jamtui in"))


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("launch", "Launchkey MIDI 1", True),
        ("LAUNCHKEY*1", "Launchkey MIDI 1", True),
        ("key*", "Launchkey", False),
        ("Bus ?", "Bus 1", True),
        ("[20]", "Keys [20]", True),
        ("k*[20]", "Keys [20]", True),
        ("", "Launchkey", False),
        ("nord", "Launchkey", False),
    ],
)
def test_patterns(pattern: str, name: str, meant: bool) -> None:
    assert names.matches(pattern, name) is meant


def test_the_equal_name_is_found_before_one_that_contains_it() -> None:
    assert names.find("Bus 1", ["IAC Bus 10", "Bus 12", "bus 1"]) == "bus 1"
    assert names.find("bus", ["IAC Bus 10", "Bus 12"]) == "IAC Bus 10"
    assert names.find("nord", ["IAC Bus 10"]) is None


def test_wildcards_never_choose_our_own_ports_or_loops() -> None:
    there = ["jamtui lead", "Launchkey", "Midi Through Port-0", "jamtui thru", "Nord"]
    assert names.choose_inputs(["*"], there) == ("Launchkey", "Nord")
    assert names.choose_inputs(["*jamtui*"], there) == ()
    assert names.choose_inputs(["nord", "launch"], there) == ("Launchkey", "Nord")
    assert names.choose_inputs([], there) == ()


def test_what_is_ignored_is_left_out_unless_it_is_spelled_out() -> None:
    there = ["Pad", "Pad (2)", "Nord Stage"]
    assert names.choose_inputs(["*"], there, ignored=["pad"]) == ("Pad (2)", "Nord Stage")
    assert names.choose_inputs(["*"], there, ignored=["nord"]) == tuple(there)
    assert names.choose_inputs(["*"], there, ignored=["nord*", "pad*"]) == ()
    assert names.choose_inputs(["*", "Pad (2)"], there, ignored=["pad*"]) == ("Pad (2)", "Nord Stage")


def test_a_lone_star_leaves_programs_out_and_a_pattern_means_them() -> None:
    there = ["Nord", "REAPER Out"]
    assert names.choose_inputs(["*"], there, software={"REAPER Out"}) == ("Nord",)
    assert names.choose_inputs(["*", "reaper*"], there, software={"REAPER Out"}) == tuple(there)


def test_a_port_spelled_out_is_chosen_unless_the_band_plays_into_it() -> None:
    there = ["jamtui in", "loopMIDI"]
    assert names.choose_inputs(["jamtui in"], there) == ("jamtui in",)
    assert names.choose_inputs(["jamtui in", "*"], there, ["JAMTUI IN", "loopmidi"]) == ()
