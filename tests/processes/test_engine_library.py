"""Capture, keep, ban, undo and audition in the engine: what goes to the workers, and what comes back."""

from dataclasses import replace
from typing import Any

import pytest

from jamtui.errors import JamtuiError
from jamtui.music.phrase import Bar, Brief, Note, Role, Source
from jamtui.playback.commands import Route
from jamtui.processes.codec import decode, to_plain
from jamtui.processes.engine_library import LibraryDesk
from jamtui.processes.engine_views import Audience
from jamtui.processes.sources import Sources
from jamtui.session.generator import GeneratorHealth, Hit
from jamtui.session.library_step import LibraryStep, PhraseMarks, StepAnswer
from jamtui.session.snapshot import LibraryView
from tests.session.stage import CHANNEL, Stage, book


class Peer:
    """A client that keeps what it was sent."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.got: list[tuple[str, Any]] = []

    def send(self, data: bytes) -> None:
        self.got.append(decode(data))

    def send_latest(self, _key: str, data: bytes) -> None:
        self.got.append(decode(data))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.got]


class Server:
    def __init__(self, *peers: Peer) -> None:
        self.peers = peers


class Scene:
    """A band on its stage, with workers and a console that keep what they are sent."""

    def __init__(self, *, workers: bool = True) -> None:
        self.stage = Stage()
        self.workers, self.console = Peer("workers"), Peer("console")
        self.sources = Sources(GeneratorHealth(Source.REFLEX, "reflex", "ready", ""))
        audience = Audience()
        present = (self.workers, self.console) if workers else (self.console,)
        audience.server = Server(*present)  # type: ignore[assignment]  # as much of a server as is used
        routes = {role: Route(role.value, channel) for role, channel in CHANNEL.items()}
        self.desk = LibraryDesk(self.stage.band, self.sources, audience, lambda: routes, self.stage.commands)

    def play(self, bars: float = 2) -> None:
        if self.stage.band.state == "stopped":
            self.stage.act("start_stop")
            self.stage.press(50, 60, 65, 69)
        self.stage.wait(2000 * bars)

    def act(self, name: str, argument: str | float | None = None) -> None:
        self.desk.act(name, argument, self.stage.time())

    def take(self, kind: str, body: object) -> None:
        self.desk.take(kind, to_plain(body), self.stage.time())


def test_capture_sends_the_players_bars() -> None:
    scene = Scene()
    scene.play(1.1)
    scene.act("capture")
    ((kind, body),) = scene.workers.got
    take = body["take"]
    assert (kind, body["number"]) == ("take", 1)
    assert take["origin"] == "Y"
    assert take["chords"] == [{"start": 0, "length": 3840, "chord": "Dm7"}]
    assert [n["pitch"] for n in take["notes"]] == [50, 60, 65, 69]


@pytest.mark.parametrize("argument", [0, 9, "two"])
def test_capture_of_no_or_too_many_bars_is_refused_in_words(argument: str | float) -> None:
    scene = Scene()
    scene.play()
    with pytest.raises(JamtuiError, match="1 to 8"):
        scene.act("capture", argument)


def test_what_cannot_be_done_is_said_in_words() -> None:
    scene = Scene()
    with pytest.raises(JamtuiError, match="start it with space"):
        scene.act("capture")
    with pytest.raises(JamtuiError, match="has not played"):
        scene.act("keep")
    with pytest.raises(JamtuiError, match="nothing to undo"):
        scene.act("undo")
    away = Scene(workers=False)
    away.play(1.1)
    with pytest.raises(JamtuiError, match="library is not there"):
        away.act("capture")


def test_keep_of_a_phrase_of_the_reflex_sends_its_bars_and_undo_takes_it_back() -> None:
    scene = Scene()
    scene.play(1.5)
    scene.act("keep", "bass")
    step = LibraryStep("not kept", source="abc")
    scene.take("step", StepAnswer(1, step))
    scene.act("undo")
    assert scene.workers.kinds() == ["take", "undo"]
    assert scene.workers.got[0][1]["take"]["role"] == "bass"
    assert scene.workers.got[1][1] == to_plain({"number": 1, "step": step})
    with pytest.raises(JamtuiError, match="nothing to undo"):
        scene.act("undo")


def test_a_banned_phrase_of_the_reflex_is_not_played_again_until_undo() -> None:
    scene = Scene()
    scene.play(1.5)
    conductor = scene.stage.band.conductor
    tick = scene.stage.clock.segment.tick_at(scene.stage.time())
    name = conductor.phrase_bars(Role.BASS, tick)[-1].label
    scene.act("ban", "bass")
    heard = set()
    for _ in range(12):
        scene.play(1)
        heard.add(conductor.label(Role.BASS, scene.stage.clock.segment.tick_at(scene.stage.time())))
    assert name not in heard
    assert heard
    assert scene.workers.got == [], "the book is not the library"
    scene.act("undo")
    assert any("not banned any more" in body["text"] for kind, body in scene.console.got if kind == "event")


def test_a_banned_phrase_of_the_llm_is_not_taken_again_until_undo() -> None:
    scene = Scene()
    scene.play(1.2)
    band = scene.stage.band
    tick = scene.stage.clock.segment.tick_at(scene.stage.time())
    heard = band.conductor.phrase_bars(Role.BASS, tick)[-1]
    runway = band.conductor._planner.runways[Role.BASS]
    runway.put(replace(heard, ref="", label="qwen3:1.7b", source=Source.OLLAMA))
    scene.act("ban", "bass")
    assert "qwen3:1.7b" in scene.console.got[-1][1]["text"]
    (asked,) = [brief for brief in written_for(scene) if brief.role is Role.BASS]
    again = Bar(
        asked.session, Role.BASS, asked.start_tick, heard.length, asked.plan_revision, asked.brief_id,
        asked.chords, Source.OLLAMA, 1,
        tuple(Note(n.tick - heard.start, n.pitch, n.duration, n.velocity) for n in heard.notes),
    )  # fmt: skip
    assert band.offer(again, scene.stage.time()).reason == "banned"
    scene.act("undo")
    assert band.offer(again, scene.stage.time()).accepted


def written_for(scene: Scene) -> list[Brief]:
    """What a source is asked for now."""
    scene.stage.band.conductor.set_sources(True)
    return scene.stage.band.briefs()


def test_a_phrase_of_the_library_is_marked_by_its_number() -> None:
    scene = Scene()
    own = next(p for p in book().phrases if p.style == "swing" and p.role is Role.LEAD)
    conductor = scene.stage.band.conductor
    scene.play(1.2)
    bars = conductor.phrase_bars(Role.BASS, scene.stage.clock.segment.tick_at(scene.stage.time()))
    runway = conductor._planner.runways[Role.BASS]
    runway.put(replace(bars[-1], ref="L:77", label="tune.mid", source=Source.LIBRARY))
    scene.act("keep", "bass")
    scene.act("ban", "bass")
    assert scene.workers.got == [
        ("mark", {"number": 1, "ref": "L:77", "kept": True, "label": "tune.mid"}),
        ("mark", {"number": 2, "ref": "L:77", "banned": True, "label": "tune.mid"}),
    ]
    assert own.ref == ""


def test_undo_takes_back_what_was_done_last_and_passes_over_what_was_not() -> None:
    scene = Scene()
    scene.act("keep", "L:5")
    scene.play(1.1)
    scene.act("capture")
    kept = LibraryStep("not kept any more", (PhraseMarks(5, False, False),))
    scene.take("step", StepAnswer(1, kept))
    scene.act("ban", "bass")
    banned = scene.console.got[-1][1]["text"]
    assert "banned for this session" in banned
    scene.take("step", StepAnswer(2, None))
    scene.act("undo")
    assert "undo" not in scene.workers.kinds(), "the ban of the book came last"
    scene.act("undo")
    assert scene.workers.got[-1] == ("undo", to_plain({"number": 1, "step": kept}))
    with pytest.raises(JamtuiError, match="nothing to undo"):
        scene.act("undo")
    scene.take("step", StepAnswer(1, kept))
    scene.act("undo")
    assert scene.workers.kinds().count("undo") == 2, "the first time it could not be"


def test_undo_before_the_library_has_answered_waits_for_it() -> None:
    scene = Scene()
    scene.act("ban", "L:5")
    scene.act("undo")
    assert scene.workers.kinds() == ["mark"]
    step = LibraryStep("not banned any more", (PhraseMarks(5, True, False),))
    scene.take("step", StepAnswer(1, step))
    assert scene.workers.got[-1] == ("undo", to_plain({"number": 1, "step": step}))


def test_off_lifts_a_keep_or_a_ban_for_the_reflex_too() -> None:
    scene = Scene()
    guest = replace(next(p for p in book().phrases if p.role is Role.LEAD), name="guest", ref="L:9")
    scene.take("guests", [guest])
    shelf = scene.stage.band.conductor.shelf
    scene.act("ban", "L:9")
    assert "guest" in shelf._banned
    scene.act("ban", "L:9 off")
    assert "guest" not in shelf._banned
    scene.act("keep", "L:9 off")
    assert [body for _, body in scene.workers.got[1:]] == [
        {"number": 2, "ref": "L:9", "banned": False, "label": ""},
        {"number": 3, "ref": "L:9", "kept": False, "label": ""},
    ]
    scene.take("step", StepAnswer(2, LibraryStep("banned again", (PhraseMarks(9, False, True),))))
    scene.take("step", StepAnswer(3, None))
    scene.act("undo")
    assert "guest" in shelf._banned


def test_hits_guests_and_the_librarys_size_arrive() -> None:
    scene = Scene()
    hit = Hit(0.9, "Dm7", "swing", "tune.mid", ((0, 480, 62),), 3840, "L:7", "lead", True)
    scene.take("hits", [hit] * 20)
    assert scene.sources.hits == (hit,) * 8
    scene.take("library", LibraryView(5, 2, "3 of 9 files"))
    assert scene.sources.library == LibraryView(5, 2, "3 of 9 files")
    guest = replace(next(p for p in book().phrases if p.role is Role.LEAD), name="guest", ref="L:9")
    scene.take("guests", [guest])
    assert scene.stage.band.conductor.shelf.ban("L:9")
    scene.sources.gone()
    assert scene.sources.hits == ()


def test_a_page_goes_from_the_console_to_the_workers_and_back() -> None:
    scene = Scene()
    scene.take("browse", {"wanted": "blues"})
    assert scene.workers.got == [("browse", {"wanted": "blues"})]
    scene.take("page", {"rows": []})
    assert scene.console.got == [("page", {"rows": []})]


def test_an_audition_sounds_only_while_the_band_is_silent() -> None:
    scene = Scene()
    scene.act("audition", "12 lead")
    assert scene.workers.got == [("audition", {"id": 12, "playing": False, "role": "lead"})]
    notes = [{"onset": 0, "duration": 960, "pitch": 62, "velocity": 80}]
    scene.take("audition", {"role": "lead", "tempo": 120.0, "notes": notes})
    scene.stage.wait(700)
    assert [(on, pitch) for _, on, _, pitch in scene.stage.sinks["lead"].notes()] == [(True, 62), (False, 62)]
    scene.play(1.2)
    scene.act("audition", "12 lead")
    assert scene.workers.got[-1] == ("audition", {"id": 12, "playing": True, "role": "lead"})
    before = len(scene.stage.sinks["lead"].events)
    scene.take("audition", {"role": "lead", "tempo": 120.0, "notes": notes})
    assert scene.stage.band.audition.next_ns is None
    assert len(scene.stage.sinks["lead"].events) == before


def test_an_audition_that_nobody_would_hear_is_refused_in_words() -> None:
    scene = Scene()
    scene.stage.act("start_stop")
    scene.stage.press(50, 60, 65, 69)
    assert scene.stage.band.state == "count-in"
    with pytest.raises(JamtuiError, match="try again then"):
        scene.act("audition", "12 lead")
    scene.play(3)
    scene.stage.act("mute_bass")
    with pytest.raises(JamtuiError, match="the bass is silent"):
        scene.act("audition", "12 bass")
    scene.stage.act("freeze")
    scene.play(1)
    with pytest.raises(JamtuiError, match="press f"):
        scene.act("audition", "12 lead")
    assert scene.workers.got == []
