"""Prepared choruses on stage: first for their chart, with and without a server, and never in the way."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import cast

from jamtui.generators.host import make_hosts
from jamtui.generators.ollama import OllamaSource
from jamtui.generators.prepared import Chorus, PreparedSet
from jamtui.generators.prepared_files import PreparedFiles
from jamtui.generators.prepared_source import PreparedFirst
from jamtui.generators.preparing import Preparation, Wish
from jamtui.music.chart import parse_chart
from jamtui.music.phrase import Bar, Brief, Note, Role, Source
from jamtui.playback.commands import SentNote
from jamtui.session.generator import GeneratorHealth
from tests.generators.briefs import brief_for
from tests.generators.double import Double
from tests.generators.playing import LOOP_KEYS, LOOP_TEXT, Playing, ready
from tests.generators.virtual_time import run
from tests.session.stage import styles

CHART = parse_chart(LOOP_TEXT)
NAME = CHART.name


async def written(choruses: int, gaps: Sequence[int] = ()) -> PreparedSet:
    """Choruses for the loop from a double; without the bars ``gaps``."""
    async with Double(seed=3) as server:
        hosts = make_hosts([server.url])
        start = PreparedSet(CHART, "swing", 120.0)
        work = Preparation(Wish(styles()["swing"], choruses=choruses), start, hosts, keep=lambda _set: None)
        prepared = await work.run()
        await hosts[0].client.close()
    return replace(
        prepared,
        choruses=tuple(
            replace(c, bars=tuple(None if n in gaps else bar for n, bar in enumerate(c.bars)))
            for c in prepared.choruses
        ),
    )


def in_bars(playing: Playing) -> list[list[tuple[int, int]]]:
    """The lead's notes as sent: bar by bar, (tick within the bar, pitch)."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(playing.bars)]
    for r in playing.stage.all_reports:
        if isinstance(r, SentNote) and r.on and r.role is Role.LEAD and r.bar_tick // 3840 < playing.bars:
            found[r.bar_tick // 3840].append((r.tick - r.bar_tick, r.pitch))
    return [sorted(bar) for bar in found]


def as_written(prepared: PreparedSet, number: int) -> list[tuple[int, int]]:
    notes = prepared.bar(Role.LEAD, number)
    assert notes is not None
    return sorted((n.onset, n.pitch) for n in notes)


def play(files: PreparedFiles, source: OllamaSource, bars: int, **more: object) -> Playing:
    first = PreparedFirst(source, files)
    return Playing(cast(OllamaSource, first), bars, **more)  # type: ignore[arg-type]


def test_prepared_choruses_play_in_turn_without_a_server(tmp_path: Path) -> None:
    async def show() -> tuple[Playing, PreparedSet]:
        files, prepared = PreparedFiles(tmp_path), await written(2)
        files.save(prepared)
        playing = play(files, OllamaSource(make_hosts(["http://127.0.0.1:9"]), styles()), 12)
        return await playing.play(), prepared

    playing, prepared = run(show())
    # The first bar, without a count-in, was begun before anybody could be asked.
    assert playing.lead_by_bar()[1:] == ["O" if as_written(prepared, n) else "" for n in range(1, 12)]
    assert in_bars(playing)[1:-1] == [as_written(prepared, n) for n in range(1, 11)]
    assert playing.refusals() <= Counter(locked=1)
    assert playing.states()[-1] == "ready"
    assert "prepared: 2 choruses" in playing.told("ready")
    labels = {bar.label for bar, _, _ in playing.offered}
    assert labels == {"prepared, chorus 1", "prepared, chorus 2"}


def test_the_live_model_writes_only_what_is_missing(tmp_path: Path) -> None:
    async def show() -> tuple[Playing, PreparedSet, Double, Double]:
        files, prepared = PreparedFiles(tmp_path), await written(1, gaps=(2,))
        files.save(prepared)
        async with Double(tokens_per_s=200.0) as server, Double(tokens_per_s=200.0) as idle:
            playing = play(files, OllamaSource(make_hosts([server.url]), styles()), 12, started=ready)
            await playing.play()
            files.save(await written(1))
            whole = play(files, OllamaSource(make_hosts([idle.url]), styles()), 8, started=ready)
            await whole.play()
        return playing, prepared, server, idle

    playing, prepared, server, idle = run(show())
    bars = in_bars(playing)
    for n in range(1, 11):
        if n % 4 != 2:
            assert bars[n] == as_written(prepared, n)
    live = [bar for bar, accepted, _ in playing.offered if accepted and not bar.label.startswith("prepared")]
    assert live
    assert {bar.start_tick // 3840 % 4 for bar in live} == {2}
    asked = [s for s in server.written if "bars 3" not in str(s.body["prompt"])]
    assert asked, "the model was asked for bars"
    assert len(idle.written) == 2, "the warm-up alone: nothing is written that is there already"


def test_where_the_player_leaves_the_chart_the_live_model_is_not_asked_for_what_is_prepared(
    tmp_path: Path,
) -> None:
    ninth = (*LOOP_KEYS[0], 64)  # Dm9 where the chart has Dm7

    async def show() -> tuple[Playing, int]:
        files, prepared = PreparedFiles(tmp_path), await written(1)
        files.save(prepared)
        async with Double(tokens_per_s=200.0) as server:
            source = OllamaSource(make_hosts([server.url]), styles())
            keys = (ninth, *LOOP_KEYS[1:])
            played = await play(files, source, 9, started=ready, chords=keys, tempo=160.0).play()
            return played, len(server.written)

    playing, asked = run(show())
    assert asked == 2, "to warm up, and for nothing else"
    letters = playing.lead_by_bar()
    assert all("O" in letters[n] for n in (1, 2, 3, 5, 6, 7))


def test_another_chart_style_or_chord_is_the_live_models(tmp_path: Path) -> None:
    class Live:
        name, source, messages = "ollama", Source.OLLAMA, frozenset[str]()

        def __init__(self) -> None:
            self.asked: list[str] = []

        def know(self, brief: Brief, bars: Sequence[Bar]) -> None:
            pass

        async def bars(self, brief: Brief):  # type: ignore[no-untyped-def]  # a generator, for the test alone
            self.asked.append(brief.brief_id)
            yield bar_of(brief, 0)

        def health(self) -> GeneratorHealth:
            return GeneratorHealth(Source.OLLAMA, "ollama", "absent", "No Ollama here.")

        def attach(self, send: object) -> None:
            pass

        def greet(self) -> None:
            pass

        async def take(self, kind: str, body: object) -> None:
            pass

        async def close(self) -> None:
            pass

    def bar_of(brief: Brief, n: int) -> Bar:
        start = brief.start_tick + n * 3840
        return Bar("s", brief.role, start, 3840, 1, brief.brief_id, (), Source.OLLAMA, 0, (), "live")

    async def labels(source: PreparedFirst, brief: Brief) -> list[str]:
        async with aclosing(source.bars(brief)) as bars:  # type: ignore[type-var]  # async generators close
            return [bar.label async for bar in bars]

    files = PreparedFiles(tmp_path)
    notes = tuple((Note(0, 62 + n, 480),) for n in range(4))
    files.save(PreparedSet(CHART, "swing", 120.0, (Chorus(Role.LEAD, "m", 1, notes),)))
    live = Live()
    source = PreparedFirst(live, files)
    assert source.health().state == "absent"
    said: list[tuple[str, object]] = []
    source.attach(lambda kind, body: said.append((kind, body)))
    assert source.health().state == "ready", "it answers for a chart even without a server"
    known = replace(brief_for(0), chart=NAME)

    async def all_of() -> None:
        assert await labels(source, known) == ["prepared, chorus 1"] * 2
        assert await labels(source, replace(known, chart=f"Some title {NAME}")) == ["prepared, chorus 1"] * 2
        assert "prepared: 1 chorus" in source.health().detail
        assert live.asked == []
        assert await labels(source, brief_for(0)) == ["live"]
        assert source.health().detail.startswith("prepared: 1 chart;")
        assert await labels(source, replace(known, style="funk")) == ["live"]
        assert await labels(source, replace(known, role=Role.BASS)) == ["live"]
        other = replace(brief_for(0, loop=("Dm7", "Db7", "Cmaj7", "A7")), chart=NAME)
        assert await labels(source, other) == ["prepared, chorus 1"]
        substituted = replace(brief_for(0, loop=("Ebm7", "G7", "Cmaj7", "A7")), chart=NAME)
        assert await labels(source, substituted) == ["prepared, chorus 1", "live"]

    asyncio.run(all_of())

    # what was prepared, or was damaged, since then is there for the next engine
    (tmp_path / "x-00000000-swing.json").write_text("{", encoding="utf-8")
    source.greet()
    ((kind, body),) = said
    assert kind == "tell"
    assert "is damaged" in str(body)
