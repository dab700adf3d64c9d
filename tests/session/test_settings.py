"""Settings and how arguments are read."""

import pytest

from jamtui.music.phrase import Role
from jamtui.session.settings import (
    BandSettings,
    SettingError,
    audible,
    read_choice,
    read_meter,
    read_share,
    step_choice,
    step_share,
)


def test_solo_silences_the_others_and_mute_wins() -> None:
    settings = BandSettings("x", muted=frozenset({Role.BASS}), solo=frozenset({Role.BASS, Role.LEAD}))
    assert {r for r in Role if audible(settings, r)} == {Role.LEAD}
    assert not audible(BandSettings("x", roles=frozenset({Role.LEAD})), Role.COMP)


def test_shares() -> None:
    assert read_share("0.25", "energy") == 0.25
    assert (step_share(0.95, 1), step_share(0.05, -1), step_share(0.3, 1)) == (1.0, 0.0, 0.4)
    for wrong in (None, "much", 1.5, -0.1, "nan"):
        with pytest.raises(SettingError, match="energy"):
            read_share(wrong, "energy")


def test_choices() -> None:
    assert read_choice(" Swing ", ("swing", "funk"), "style") == "swing"
    assert step_choice("funk", ("swing", "funk"), 1) == "swing"
    assert step_choice("swing", ("swing", "funk"), -1) == "funk"
    assert read_meter("7/8").groups == (2, 2, 3)
    with pytest.raises(SettingError, match="swing, funk"):
        read_choice("polka", ("swing", "funk"), "style")
