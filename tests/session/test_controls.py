"""Density, surprise and seed: what the player turns while the band plays."""

import pytest

from jamtui.music.meter import PPQ
from jamtui.music.phrase import Role
from jamtui.session.settings import SettingError
from tests.session.small_band import BAR, Player
from tests.session.stage import Stage


def lead_notes(density: float) -> int:
    count = 0
    for seed in range(3):
        stage = Stage(seed=seed, style="swing")
        stage.act("density", density)
        stage.act("start_stop")
        stage.press(50, 53, 57, 60)
        stage.wait(16 * 2000)
        count += sum(role == "lead" and on for role, _, on, _ in stage.notes())
    return count


def test_more_density_is_more_notes() -> None:
    few, some, many = (lead_notes(d) for d in (0.0, 0.5, 1.0))
    assert few < 0.8 * some
    assert many > 1.15 * some


@pytest.mark.parametrize("field", ["density", "surprise"])
def test_shares_are_set_and_stepped_from_the_next_bar_line(field: str) -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 500)
    band.act(field, "0.3", tick=500)
    assert band.conductor.pending == (f"{field} 0.3 at bar 2",)
    band.act(f"{field}_up", tick=510)
    band.run(500, BAR + 100)
    assert getattr(band.conductor.settings, field) == pytest.approx(0.4)
    band.act(f"{field}_down", soon=True, tick=BAR + 100)
    assert band.conductor.pending == (f"{field} 0.3 at next beat",)
    with pytest.raises(SettingError, match=f"the {field} a number from 0 to 1"):
        band.act(field, "much", tick=BAR + 110)


def test_briefs_say_how_many_notes_and_how_far_out() -> None:
    band = Player(density=0.8, surprise=0.5)
    band.conductor.set_sources(True)
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 500)
    assert {(b.density, b.surprise) for b in band.conductor.briefs()} == {(0.8, 0.5)}


def test_surprise_lets_the_scale_go_further_out() -> None:
    def foreign(surprise: float) -> int:
        inside = {2, 4, 5, 7, 9, 11, 0}
        count = 0
        for seed in range(4):
            stage = Stage(seed=seed)
            stage.act("surprise", surprise)
            stage.act("start_stop")
            stage.press(43, 53, 59, 65)
            stage.wait(8 * 2000)
            count += sum(
                role == "lead" and on and pitch % 12 not in inside for role, _, on, pitch in stage.notes()
            )
        return count

    assert foreign(1.0) > foreign(0.0)


def test_a_seed_holds_from_the_next_bar_line_on_and_repeats_the_music() -> None:
    def perform(*seeds: object) -> tuple[Player, list[tuple[int, int]]]:
        band = Player(seed=7)
        band.start()
        band.hear("Dm7", -10)
        band.run(0, BAR // 2)
        for seed in seeds:
            band.act("seed", seed, tick=BAR // 2)  # type: ignore[arg-type]
        band.run(BAR // 2, 8 * BAR)
        return band, [(n.tick, n.pitch) for r in Role for n in band.notes(r, 0, 9 * BAR)]

    plain, first = perform()
    other, second = perform("12")
    assert (plain.conductor.seed, other.conductor.seed) == (7, 12)
    assert [n for n in first if n[0] < BAR] == [n for n in second if n[0] < BAR]
    assert first != second
    assert perform(12)[1] == second
    drawn, _ = perform(None)
    assert drawn.conductor.seed not in (7, 12)
    assert drawn.conductor.seed == perform(None)[0].conductor.seed
    for wrong in ("-1", "x", "1e400"):
        with pytest.raises(SettingError, match="whole number"):
            plain.act("seed", wrong, tick=8 * BAR + PPQ)
