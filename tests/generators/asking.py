"""Requests for tests, over charts written for them, and the guard's opinion of what comes back."""

from functools import lru_cache
from pathlib import Path

from jamtui.generators.request import Request, make_request
from jamtui.music.chart import parse_chart
from jamtui.music.meter import EIGHTH, METERS
from jamtui.music.phrase import Bar, Brief, Note, Role
from jamtui.music.scale import key_of
from jamtui.session.guard import Guard, Judgement
from jamtui.styles.loading import load_styles
from jamtui.styles.style import Style

CHARTS = {
    "4/4": "Dm7 | G7 | Cmaj7 | A7alt",
    "3/4": "Fmaj7 | Dm7 G7 | Em7b5 | A7b9",
    "6/8": "Am7 | D7 | Bm7b5 | E7",
    "5/4": "Ebm7 | Ab7 Db6 | Dbmaj7 | %",
    "7/8": "F#m7 B7 | Emaj7 | N.C. | C#7#9",
}
"""Four bars in each meter; changes within bars, alterations, a bar of silence."""


@lru_cache
def styles() -> dict[str, Style]:
    """The shipped styles."""
    return load_styles(Path(__file__).parents[2] / "styles")


def brief(
    role: Role = Role.LEAD,
    *,
    meter: str = "4/4",
    chart: str = "",
    style: str = "swing",
    seed: int = 1,
    temperature: float = 0.4,
    energy: float = 0.5,
    density: float = 0.5,
    just_played: tuple[Note, ...] = (),
    key: str | None = None,
    bar_number: int = 16,
) -> Brief:
    """A brief for a whole chart."""
    chords = parse_chart(chart or CHARTS[meter], METERS[meter])
    found = key_of(s.chord for s in chords.spans)
    return Brief(
        brief_id="b1",
        session="s",
        role=role,
        style=style,
        meter=METERS[meter],
        start_tick=bar_number * chords.meter.bar_ticks,
        bars=len(chords.bars),
        chords=chords.spans,
        plan_revision=3,
        tempo=120.0,
        temperature=temperature,
        energy=energy,
        seed=seed,
        just_played=just_played,
        density=density,
        forecast=chords.spans,
        confidence=1.0,
        key=(found.words if found else "") if key is None else key,
        chart="test",
        bar_number=bar_number,
    )


def request(
    role: Role = Role.LEAD, *, step: int = EIGHTH, first: int = 0, bars: int = 0, **told: object
) -> Request:
    """A request for the brief that ``told`` describes."""
    made = brief(role, **told)  # type: ignore[arg-type]  # passed on as they are
    return make_request(made, styles()[made.style], step=step, first=first, bars=bars or made.bars - first)


def judge(asked: Request, bar: Bar) -> Judgement:
    """What the guard says of ``bar`` with the limits that the planner sets."""
    return Guard().check(bar, asked.limits)
