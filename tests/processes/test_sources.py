"""Generators in the worker process: what they make passes the guard, what they break stays with them."""

from pathlib import Path

import pytest

from jamtui.music.chord import make_chord
from jamtui.music.meter import COMMON_TIME
from jamtui.music.phrase import Brief, ChordSpan, Role, Source
from jamtui.processes.options import SessionOptions
from jamtui.processes.sources import AWAY, Sources
from jamtui.session.generator import GeneratorHealth
from jamtui.session.snapshot import Snapshot
from tests.processes.generators import LOUD
from tests.processes.wire import RunningBand, wait_until

REFLEX = GeneratorHealth(Source.REFLEX, "reflex", "ready", "")
MODEL = GeneratorHealth(Source.MODEL, "model", "ready", "")


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


def options(*names: str, tempo: float = 200.0) -> SessionOptions:
    return SessionOptions(
        demo=True,
        autostart=True,
        seed=11,
        tempo=tempo,
        generators=tuple(f"tests.processes.generators:{name}" for name in names),
    )


def state_of(snapshot: Snapshot, letter: str) -> tuple[str, str]:
    return next((s.state, s.detail) for s in snapshot.sources if s.letter == letter)


@pytest.mark.wire
@pytest.mark.slow
def test_bars_of_a_generator_are_guarded_spliced_and_named(jamtui_home: Path) -> None:
    with RunningBand(options("playing", "stale", "failing"), listen=["lead"]) as band:
        band.wait(lambda s: state_of(s, "M")[0] == "ready", "the source is ready")
        band.wait(lambda s: next(r for r in s.roles if r.role == "lead").source == "M", "the lead plays M")
        band.wait(lambda s: next(r for r in s.roles if r.role == "lead").label == "from a test", "its label")
        band.wait(lambda s: state_of(s, "O") == ("down", "RuntimeError: the model has a cold"), "O is down")
        assert state_of(band.snapshot(), "R")[0] == "ready"
        wait_until(lambda: band.report()["notes_by_source"]["model"] >= 4, "notes of the model")
        report = band.report()
        assert report["notes_by_source"]["library"] == 0  # its bars were of an older plan
        assert report["sources"]["test failure"] == "down"
        assert report["hung_notes"] == 0
        band.stop()
        journal = band.journal()
        bars = [r for r in journal.records if r["t"] == "bar" and r["origin"] == "M"]
        assert bars
        for bar in bars:
            notes = bar["notes"]
            assert isinstance(notes, list)
            pitches = {note[1] for note in notes}
            assert min(pitches) >= 40, "the guard brings what is out of range back"
        assert not [r for r in journal.records if r["t"] == "bar" and r["origin"] == "L"]


@pytest.mark.wire
@pytest.mark.slow
def test_a_source_that_never_answers_is_told_when_its_work_is_useless(
    jamtui_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = tmp_path / "cancelled.txt"
    monkeypatch.setenv("JAMTUI_TEST_CANCELLED", str(cancelled))
    with RunningBand(options("silent")) as band:
        wait_until(lambda: cancelled.exists() and len(cancelled.read_text().split()) >= 3, "cancelled briefs")
        assert all(i.split("-")[0] in ("lead", "bass", "comp") for i in cancelled.read_text().split())
        assert band.snapshot().state == "playing"
        assert band.silences() == 0
        # killed with a brief in its hands
        workers = band.kill("workers")
        band.wait(lambda s: state_of(s, "L") == ("down", AWAY), "its death is said")
        band.wait_replaced("workers", workers)
        band.wait(lambda s: state_of(s, "L")[0] == "ready", "it is back")
        bar = band.snapshot().bar
        band.wait(lambda s: s.bar > bar, "the next bar")
        assert band.report()["notes_by_source"]["reflex"] > 0


@pytest.mark.wire
def test_a_generator_that_cannot_be_loaded_is_said_and_left_out(jamtui_home: Path) -> None:
    named = options("playing", "no_such_thing")
    with RunningBand(named) as band:
        band.wait_event("tests.processes.generators:no_such_thing cannot be loaded")
        band.wait(lambda s: state_of(s, "M")[0] == "ready", "the other source")


def brief(number: int, revision: int) -> Brief:
    chords = (ChordSpan(0, 3840, make_chord(0, "maj7")),)
    return Brief(
        brief_id=f"lead-{number}-{revision}",
        session="s",
        role=Role.LEAD,
        style="swing",
        meter=COMMON_TIME,
        start_tick=number * 3840,
        bars=2,
        chords=chords,
        plan_revision=revision,
        tempo=120.0,
        temperature=0.5,
        energy=0.5,
        seed=1,
    )


def test_briefs_are_useless_once_when_nothing_of_them_is_wanted_any_more() -> None:
    sources = Sources(REFLEX)
    sources.take([MODEL])
    for number, revision in ((1, 4), (2, 4), (3, 5)):
        sources.sent(brief(number, revision))
    assert sources.useless(lambda b: True) == []
    assert sources.useless(lambda b: b.plan_revision == 4) == ["lead-3-5"]
    assert sources.useless(lambda b: b.start_tick > 3840) == ["lead-1-4"]
    assert sources.useless(lambda b: False) == ["lead-2-4"]
    assert sources.useless(lambda b: False) == []


def test_a_source_that_is_down_is_still_asked_one_that_is_away_is_not() -> None:
    sources = Sources(REFLEX)
    assert not sources.wanted
    sources.take([MODEL, GeneratorHealth(Source.OLLAMA, "ollama", "absent", "none")])
    assert sources.wanted
    sources.take([GeneratorHealth(Source.MODEL, "model", "down", "a cold")])
    assert sources.wanted
    sources.sent(brief(1, 1))
    sources.gone()
    assert not sources.wanted
    assert {h.source: (h.state, h.detail) for h in sources.health} == {
        Source.REFLEX: ("ready", ""),
        Source.MODEL: ("down", AWAY),
        Source.OLLAMA: ("absent", "none"),
    }
    assert sources.useless(lambda b: False) == []
    sources.take([MODEL])
    assert sources.wanted


def test_no_worker_speaks_for_the_reflex() -> None:
    sources = Sources(REFLEX)
    sources.take([GeneratorHealth(Source.REFLEX, "impostor", "down", "")])
    assert sources.health == (REFLEX,)


def test_the_test_notes_are_loud_enough_to_be_known() -> None:
    assert 1 <= LOUD <= 127
