"""The rehearsal before the first note."""

from collections import Counter

from jamtui.playback.commands import Command
from jamtui.session.hearing import Heard
from jamtui.session.rehearsal import rehearse
from jamtui.session.settings import GRIDS
from tests.session.small_band import BAR, Player


class Listener:
    """Counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def start(self, tick: int) -> list[Command]:
        self.asked["start"] += 1
        return []

    def hear(self, heard: Heard, tick: float, bpm: float) -> list[Command]:
        self.asked[heard.kind] += 1
        return []

    def advance(self, tick: float, bpm: float) -> list[Command]:
        return []


def test_every_style_is_rehearsed_on_every_grid() -> None:
    made: dict[tuple[str, str], Listener] = {}

    def make(style: str, grid: str) -> Listener:
        return made.setdefault((style, grid), Listener())

    rehearse(("plain", "other"), make)
    assert set(made) == {(style, grid) for style in ("plain", "other") for grid in GRIDS}
    for band in made.values():
        assert band.asked["start"] == 1
        assert band.asked["provisional"] >= 4
        assert band.asked["revised"] >= 1


def test_a_warm_band_has_met_its_phrases_and_plays_the_same() -> None:
    def perform(warm: bool) -> list[Command]:
        band = Player()
        if warm:
            revision = band.conductor.plan_revision
            band.conductor.warm_up()
            assert (band.conductor.plan_revision, band.conductor.state) == (revision, "stopped")
        band.start()
        for number, symbol in enumerate(["Dm7", "G7", "Cmaj7"]):
            band.hear(symbol, number * BAR + 30)
            band.run(number * BAR + 30, (number + 1) * BAR)
        return band.commands

    assert perform(True) == perform(False)
