"""Bars from sources beside the reflex: what is asked for, what is taken, what is refused and why."""

from dataclasses import replace

import pytest

from jamtui.music.chart import parse_chart
from jamtui.music.chord import parse_chord
from jamtui.music.meter import PPQ
from jamtui.music.phrase import FORECAST_BARS, Bar, Brief, ChordSpan, Note, Role, Source
from tests.session.small_band import BAR, Player


def briefed() -> tuple[Player, Brief]:
    band = Player()
    band.conductor.set_sources(True)
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 500)
    (brief,) = [b for b in band.conductor.briefs() if b.role is Role.LEAD]
    return band, brief


def made_for(brief: Brief, *, source: Source = Source.MODEL) -> Bar:
    notes = tuple(Note(n * 480, 62 + 3 * (n % 2), 480, 90) for n in range(4))
    return Bar(
        brief.session, brief.role, brief.start_tick, BAR, brief.plan_revision, brief.brief_id,
        (ChordSpan(0, BAR, parse_chord("Dm7")),), source, brief.seed, notes, "a model's",
    )  # fmt: skip


def test_a_brief_says_what_is_coming_and_what_was_played() -> None:
    _, brief = briefed()
    assert brief.start_tick == BAR
    assert brief.chords == (ChordSpan(0, 2 * BAR, parse_chord("Dm7")),)
    assert brief.just_played
    assert all(n.onset < 0 for n in brief.just_played)
    assert 0 < brief.deadline_ms < 2000


def test_a_brief_over_a_chart_tells_what_comes_for_sixteen_bars() -> None:
    chart = parse_chart("Dm7 | G7 | Cmaj7 | %")
    band = Player(chart=chart)
    band.conductor.set_sources(True)
    band.start()
    band.run(0, 500)
    brief = next(b for b in band.conductor.briefs() if b.role is Role.LEAD)
    assert [s.chord.symbol for s in brief.chords] == ["G7", "Cmaj7"]
    assert [(s.start // BAR, s.chord.symbol) for s in brief.forecast][:4] == [
        (0, "G7"), (1, "Cmaj7"), (3, "Dm7"), (4, "G7"),
    ]  # fmt: skip
    assert sum(s.length for s in brief.forecast) == FORECAST_BARS * BAR
    assert (brief.confidence, brief.key, brief.bar_number) == (1.0, "C major", 1)
    assert brief.chart == chart.name


def test_each_bar_is_briefed_once_and_again_after_a_new_plan() -> None:
    band, brief = briefed()
    assert band.conductor.briefs() == []
    band.hear("G7", 600)
    again = [b for b in band.conductor.briefs() if b.role is Role.LEAD]
    assert [b.start_tick for b in again] == [BAR]
    assert again[0].brief_id != brief.brief_id
    assert again[0].chords == (ChordSpan(0, 2 * BAR, parse_chord("G7")),)
    band.run(600, BAR + 100)
    assert {b.start_tick for b in band.conductor.briefs()} == {2 * BAR}


def test_asking_for_briefs_again_and_again_finds_every_change() -> None:
    band, _ = briefed()
    assert band.conductor.briefs() == []
    band.hear("G7", 600)
    assert {b.role for b in band.conductor.briefs()} == {Role.LEAD, Role.BASS, Role.COMP}
    band.act("temperature_up", tick=700)
    assert band.conductor.briefs()
    band.run(600, BAR + 10)
    assert {b.start_tick for b in band.conductor.briefs()} == {2 * BAR}
    assert band.conductor.briefs() == []


def test_nobody_is_briefed_without_sources() -> None:
    band = Player()
    band.start()
    band.hear("Dm7", -10)
    assert band.conductor.briefs() == []


def test_a_good_bar_takes_its_place_and_the_line_goes_on_behind_it() -> None:
    band, brief = briefed()
    offered = made_for(brief)
    verdict = band.conductor.offer(offered, 600)
    assert verdict.accepted
    band.take(verdict.commands)
    placed = band.notes(Role.LEAD, BAR, 2 * BAR)
    assert [(n.tick - BAR, n.pitch) for n in placed] == [(n.onset, n.pitch) for n in offered.notes]
    assert {n.source for n in placed} == {Source.MODEL}
    assert {n.brief_id for n in placed} == {brief.brief_id}
    assert band.conductor.source_letter(Role.LEAD, BAR) == "M"
    assert band.conductor.label(Role.LEAD, BAR) == "a model's"
    earlier = [n for n in band.plan[Role.LEAD] if n.tick < BAR]
    assert all(n.tick + n.duration <= placed[0].tick for n in earlier)
    assert offered in [
        replace(b, chords_assumed=offered.chords_assumed) for b in band.conductor.drain_accepted()
    ]


def test_refusals_have_names() -> None:
    band, brief = briefed()
    good = made_for(brief)
    offer = band.conductor.offer
    assert offer(replace(good, plan_revision=good.plan_revision - 1), 600).reason == "stale"
    assert offer(replace(good, session="another"), 600).reason == "stale"
    assert offer(good, BAR - 20).reason == "locked"
    assert offer(replace(good, start_tick=BAR + 480), 600).reason == "unplanned"
    assert offer(replace(good, start_tick=99 * BAR), 600).reason == "unplanned"
    assert offer(replace(good, length=3 * PPQ), 600).reason == "length"
    wrong = (ChordSpan(0, BAR, parse_chord("Db7")),)
    assert offer(replace(good, chords_assumed=wrong), 600).reason == "chords"
    assert offer(replace(good, notes=tuple(replace(n, pitch=10) for n in good.notes)), 600).reason == "range"
    assert band.conductor.guard.refused["stale"] == 2
    band.act("freeze", tick=700)
    assert offer(good, 700).reason == "frozen"
    band.take(band.conductor.stop())
    assert offer(good, 700).reason == "stopped"


def test_a_better_source_is_not_replaced_by_a_lesser_one() -> None:
    band, brief = briefed()
    assert band.conductor.offer(made_for(brief, source=Source.OLLAMA), 600).accepted
    assert band.conductor.offer(made_for(brief, source=Source.LIBRARY), 650).reason == "outranked"
    assert band.conductor.offer(made_for(brief, source=Source.OLLAMA), 650).accepted


def test_what_the_player_asked_to_hear_comes_before_every_source_for_its_bars() -> None:
    band, brief = briefed()
    conductor, desk = band.conductor, band.conductor.desk
    written = made_for(brief, source=Source.OLLAMA)
    phrase = replace(made_for(brief, source=Source.LIBRARY), label="a phrase", ref="L:12")
    band.take(conductor.offer(written, 550).commands)
    assert conductor.offer(phrase, 600).reason == "outranked"
    desk.ask(Role.LEAD, "L:12", 600)
    assert conductor.offer(replace(phrase, ref="L:13"), 600).reason == "outranked", "that one alone"
    band.take(conductor.offer(phrase, 600).commands)
    assert conductor.source_letter(Role.LEAD, BAR) == "L"
    assert conductor.offer(written, 650).reason == "outranked", "what is written later does not end it"
    band.run(600, BAR + 500)
    assert {n.source for n in band.notes(Role.LEAD, BAR, 2 * BAR)} == {Source.LIBRARY}
    band.run(BAR + 500, 9 * BAR + 500)
    (later,) = [b for b in conductor.briefs() if b.role is Role.LEAD][:1] or [brief]
    start = 10 * BAR
    again = replace(written, start_tick=start, plan_revision=later.plan_revision)
    band.take(conductor.offer(again, start - BAR).commands)
    phrase = replace(phrase, start_tick=start, plan_revision=later.plan_revision)
    assert conductor.offer(phrase, start - BAR).reason == "outranked", "by then it is one among others"


def test_a_bar_for_another_chord_is_refused() -> None:
    band, brief = briefed()
    band.hear("G7", 600)
    verdict = band.conductor.offer(made_for(brief), 700)
    assert not verdict.accepted
    assert verdict.reason == "chords"
    assert verdict.commands == ()


def test_banned_notes_are_refused_and_do_not_come_back_until_pardoned() -> None:
    band, brief = briefed()
    desk = band.conductor.desk
    bar = made_for(brief, source=Source.OLLAMA)
    band.take(band.conductor.offer(bar, 600).commands)
    later = replace(bar, start_tick=2 * BAR)
    assert band.conductor.offer(later, 600).accepted
    band.run(600, BAR + 500)
    tunes = desk.tunes(band.conductor.phrase_bars(Role.LEAD, BAR + 500), Role.LEAD)
    desk.ban(tunes)
    band.take(band.conductor.replan_from_next_bar(Role.LEAD))
    band.run(BAR + 500, 2 * BAR + 500)
    played = [(n.tick - 2 * BAR, n.pitch) for n in band.notes(Role.LEAD, 2 * BAR, 3 * BAR)]
    assert played != [(n.onset, n.pitch) for n in bar.notes]
    assert band.conductor.source_letter(Role.LEAD, 2 * BAR) == "R"
    (asked,) = [b for b in band.conductor.briefs() if b.role is Role.LEAD]
    again = replace(bar, start_tick=3 * BAR, plan_revision=asked.plan_revision)
    assert band.conductor.offer(again, 2 * BAR + 500).reason == "banned"
    other = replace(again, notes=tuple(replace(n, pitch=n.pitch + 12) for n in again.notes))
    assert band.conductor.offer(other, 2 * BAR + 500).accepted
    desk.pardon(tunes)
    assert band.conductor.offer(again, 2 * BAR + 500).accepted


def test_a_banned_phrase_of_the_library_does_not_come_back_from_where_it_waits() -> None:
    band, brief = briefed()
    bar = replace(made_for(brief, source=Source.LIBRARY), ref="L:7")
    later = replace(bar, start_tick=2 * BAR)
    assert band.conductor.offer(later, 600).accepted
    band.conductor.desk.ban(["L:7"])
    band.take(band.conductor.replan_from_next_bar(Role.LEAD))
    band.run(600, 2 * BAR + 500)
    assert band.conductor.source_letter(Role.LEAD, 2 * BAR) == "R"
    (asked,) = [b for b in band.conductor.briefs() if b.role is Role.LEAD]
    again = replace(bar, start_tick=3 * BAR, plan_revision=asked.plan_revision)
    assert band.conductor.offer(again, 2 * BAR + 500).reason == "banned"


def test_a_ban_leaves_other_bars_where_they_wait() -> None:
    band, brief = briefed()
    waiting = replace(made_for(brief, source=Source.LIBRARY), ref="L:8", start_tick=2 * BAR)
    assert band.conductor.offer(waiting, 600).accepted
    band.conductor.desk.ban(["L:7"])
    band.run(600, 2 * BAR + 500)
    assert band.conductor.source_letter(Role.LEAD, 2 * BAR) == "L"


@pytest.mark.parametrize(
    ("written_for", "pitches", "accepted"),
    [
        ("Dm", (62, 65), True),  # Dm7 is played: colour on a triad
        ("Dm9", (62, 65), False),  # less than it was written for
        ("Dm", (62, 61), False),  # a note that Dm7 does not bear
        ("D", (62, 66), False),
    ],
)
def test_a_bar_for_the_plainer_chord_is_taken_where_every_note_of_it_is_right(
    written_for: str, pitches: tuple[int, int], accepted: bool
) -> None:
    band, brief = briefed()
    notes = tuple(Note(n * 480, pitches[n % 2], 480, 90) for n in range(4))
    bar = replace(made_for(brief), notes=notes, chords_assumed=(ChordSpan(0, BAR, parse_chord(written_for)),))
    verdict = band.conductor.offer(bar, 500)
    assert verdict.accepted is accepted
    if accepted:
        assert verdict.bar is not None
        assert verdict.bar.notes == notes
    else:
        assert verdict.reason == "chords"


@pytest.mark.parametrize(("second", "accepted"), [("G9", True), ("G7", True), ("Gm7", False)])
def test_under_a_chord_that_stays_as_it_is_notes_may_be_foreign(second: str, accepted: bool) -> None:
    band = Player(chart=parse_chart("Dm7 . G9 ."))
    band.conductor.set_sources(True)
    band.start()
    band.run(0, 500)
    (brief,) = [b for b in band.conductor.briefs() if b.role is Role.LEAD]
    # The C sharp leads to the D, over the chord that it was written for.
    pitches = (65, 61, 62, 65, 67, 71)
    bar = replace(
        made_for(brief),
        notes=tuple(Note(n * 480, pitch, 480, 90) for n, pitch in enumerate(pitches)),
        chords_assumed=(
            ChordSpan(0, BAR // 2, parse_chord("Dm7")),
            ChordSpan(BAR // 2, BAR // 2, parse_chord(second)),
        ),
    )
    verdict = band.conductor.offer(bar, 500)
    assert (verdict.accepted, verdict.reason) == (accepted, "" if accepted else "chords")
