"""Turns the band's state into what its clients show. Pure reading; called 20 times a second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jamtui.music.chord import NO_CHORD
from jamtui.music.phrase import Role
from jamtui.playback.commands import Route
from jamtui.session.band import Band
from jamtui.session.generator import GeneratorHealth, Hit
from jamtui.session.hearing import Heard
from jamtui.session.settings import audible
from jamtui.session.snapshot import (
    ChordView,
    HitView,
    LibraryView,
    PortView,
    RoleView,
    Snapshot,
    SourceView,
)

LEVEL_DECAY_NS = 600_000_000
"""A level meter falls from full to nothing in this time."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the engine process knows and the band does not: ports, files, priorities."""

    session: str
    seed: int
    inputs: tuple[str, ...]
    ports_in: tuple[PortView, ...]
    ports_out: tuple[PortView, ...]
    output: str
    synth: str
    recording: str
    notices: tuple[str, ...]
    priority: str
    routes: Mapping[Role, Route]
    port_names: Mapping[str, str]
    """What the musician sees a sink as, by sink name."""
    health: tuple[GeneratorHealth, ...]
    queue_depth: int
    demo: bool
    hits: tuple[Hit, ...]
    library: LibraryView


class Levels:
    """Peak level per role, falling linearly."""

    def __init__(self) -> None:
        self._peak = dict.fromkeys(Role, 0.0)
        self._at = dict.fromkeys(Role, 0)

    def hit(self, role: Role, velocity: int, ns: int) -> None:
        """A note-on of ``velocity`` was sent at ``ns``."""
        self._peak[role] = max(self.level(role, ns), velocity / 127)
        self._at[role] = ns

    def level(self, role: Role, ns: int) -> float:
        """Level now, 0 to 1."""
        return max(0.0, self._peak[role] - (ns - self._at[role]) / LEVEL_DECAY_NS)


def chord_view(settled: Heard | None, now: Heard | None, held: Sequence[int]) -> ChordView:
    """The settled chord for the screen, with what is heard beside it until that settles as well.

    While nothing is settled (before the first chord, after N.C.) what is heard is shown as provisional.
    """
    calm = settled is not None and settled.chord != NO_CHORD
    fresh = now is not None and now.chord != NO_CHORD and (settled is None or now.ns > settled.ns)
    news = now if fresh else None
    shown = settled if calm or news is None else news
    if shown is None:
        return ChordView("")
    heard = news.chord.symbol if news is not None else ""
    return ChordView(
        symbol=shown.chord.symbol,
        alternatives=tuple((g.chord.symbol, round(g.score, 2)) for g in shown.guesses),
        notes=tuple(shown.notes),
        held=bool(held),
        provisional=shown is news,
        heard=heard if heard != shown.chord.symbol else "",
    )


def snapshot(band: Band, around: Surroundings, levels: Levels, seq: int, ns: int) -> Snapshot:
    """The state of the band at ``ns``."""
    conductor = band.conductor
    settings = conductor.settings
    segment = band.clock.segment
    tick = segment.tick_at(ns)
    bar = conductor.bar_at(tick)
    roles = tuple(_role_view(band, around, levels, role, tick, ns) for role in Role)
    playing = [r.runway_bars for r in roles if r.audible]
    return Snapshot(
        session=around.session,
        seq=seq,
        state=band.state,
        tick=round(tick, 1),
        bar=max(0, bar.number + 1),
        meter=bar.meter.name,
        bpm=round(segment.bpm, 2),
        clock=band.tempo.source,
        clock_locked=band.tempo.locked,
        style=settings.style,
        style_title=conductor.style.title,
        temperature=settings.temperature,
        energy=settings.energy,
        player_energy=round(band.energy.value(ns), 3),
        grid=settings.grid,
        click=settings.click,
        frozen=conductor.frozen,
        elapsed_s=0.0 if band.started_ns is None else round((ns - band.started_ns) / 1e9, 1),
        chord=chord_view(band.settled, band.heard, band.chords.held),
        next_chords=conductor.next_chords(tick),
        chart=band.chart_title,
        roles=roles,
        gauges=band.kpi.gauges(around.queue_depth, round(min(playing, default=0.0), 2)),
        hits=_hit_views(band, around.hits, tick),
        sources=tuple(SourceView(h.source.value, h.name, h.state, h.detail) for h in around.health),
        inputs=around.inputs,
        output=around.output,
        recording=around.recording,
        notices=around.notices,
        seed=conductor.seed,
        density=settings.density,
        surprise=settings.surprise,
        sure=round(conductor.sure, 2),
        priority=around.priority,
        demo=around.demo,
        pending=conductor.pending,
        bar_tick=bar.start,
        styles=tuple((s.name, s.title) for s in conductor.styles.values()),
        ports_in=around.ports_in,
        ports_out=around.ports_out,
        latch=band.latched,
        synth=around.synth,
        library=around.library,
    )


def _hit_views(band: Band, hits: Sequence[Hit], tick: float) -> tuple[HitView, ...]:
    """The hits, those marked that a role plays at ``tick``."""
    sounding = set() if band.state == "stopped" else {band.conductor.ref(role, tick) for role in Role}
    return tuple(
        HitView(
            score=h.score,
            chords=h.chords,
            style=h.style,
            origin=h.origin,
            notes=h.notes,
            length=h.length,
            playing=h.ref != "" and h.ref in sounding,
            kept=h.kept,
            role=h.role,
            moved=h.moved,
        )
        for h in hits
    )


def _label(band: Band, role: Role, tick: float) -> str:
    label = band.conductor.label(role, tick)
    if role is Role.LEAD and band.conductor.flow.on:
        return f"flow: {label}" if label else "flow"
    return label


def _role_view(
    band: Band, around: Surroundings, levels: Levels, role: Role, tick: float, ns: int
) -> RoleView:
    conductor = band.conductor
    settings = conductor.settings
    route = around.routes[role]
    stopped = band.state == "stopped"
    return RoleView(
        role=role.value,
        on=role in settings.roles,
        muted=role in settings.muted,
        solo=role in settings.solo,
        source="" if stopped else conductor.source_letter(role, tick),
        level=round(levels.level(role, ns), 2),
        volume=route.volume,
        octave=route.octave,
        program=route.program,
        port=around.port_names.get(route.port, route.port),
        runway_bars=0.0 if stopped else round(conductor.runway_bars(role, tick), 2),
        label="" if stopped else _label(band, role, tick),
        audible=audible(settings, role),
    )
