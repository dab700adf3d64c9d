"""What `MidiSystem` makes of a world that changes between two looks at it."""

import pytest

from jamtui.errors import PortError
from jamtui.midi.ports import MidiSystem


def test_an_output_that_goes_while_it_is_opened_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    system = MidiSystem("none")
    system.api = "alsa"
    seen = iter([("Rack 20:0",), ()])
    monkeypatch.setattr(system, "_raw", lambda *, inputs: next(seen))
    with pytest.raises(PortError, match="has just disappeared"):
        system.open_output("Rack")
