"""Whether the doctor says where a running band plays, and that nobody listens."""

from pathlib import Path

import pytest

from jamtui.music.phrase import Role
from jamtui.processes.check_band import check_band, judge
from jamtui.processes.placing import NULL, PORT, VIRTUAL, Placed

OWN = {role.value: Placed(f"jamtui {role.value}", kind=VIRTUAL) for role in Role}
HEARD = {at.name: ("fluidsynth:midi",) for at in OWN.values()}


def test_without_a_band_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert check_band(tmp_path, "none") is None


def test_ports_that_are_connected_are_well_and_so_are_those_of_which_nothing_is_known() -> None:
    check = judge(OWN, HEARD, asked_for_silence=False)
    assert check.ok
    assert "bass → fluidsynth:midi" in check.detail
    assert judge(OWN, None, asked_for_silence=False).ok


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ({}, "lead, bass, comp and drums play into nothing: nothing is connected to jamtui lead, "),
        ({**HEARD, "jamtui bass": ()}, "bass plays into nothing: nothing is connected to jamtui bass"),
    ],
)
def test_a_port_to_which_nothing_is_connected_is_named(heard: dict[str, tuple[str, ...]], words: str) -> None:
    check = judge(OWN, heard, asked_for_silence=False)
    assert (check.ok, check.needed) == (False, False), "that may be meant, for the moment"
    assert check.detail.startswith(words)
    assert "DAW" in check.fix


def test_a_band_that_was_asked_to_be_silent_is_well() -> None:
    nowhere = {"lead": Placed("jamtui lead", reason="null output", kind=NULL)}
    assert judge(nowhere, None, asked_for_silence=True).ok
    check = judge(nowhere, None, asked_for_silence=False)
    assert (check.ok, check.needed) == (False, False)
    assert check.detail == "lead has no port (null output)"


def test_what_was_chosen_and_went_away_is_named() -> None:
    there = Placed("jamtui lead out", "Synth", kind=PORT)
    check = judge({**OWN, "lead": there}, HEARD, asked_for_silence=False)
    assert check.ok
    assert "lead → Synth" in check.detail
    gone = Placed("jamtui bass out", "Rack", "Rack was lost", kind=PORT)
    check = judge({"lead": there, "bass": gone}, {}, asked_for_silence=False)
    assert (check.ok, check.detail) == (False, "bass cannot be sent (Rack was lost)")
