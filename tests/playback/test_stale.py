"""What a splice takes back because it belongs to the old plan, whatever its pitch."""

import pytest

from jamtui.music.phrase import Role
from jamtui.playback.commands import PlannedNote, SetMute, SetSink, Silence, Splice
from jamtui.playback.fakes import RecordingSink
from tests.playback.band import MS, Band, note


def test_stale_locked_notes_go_and_right_notes_that_sound_stay() -> None:
    band = Band()
    comp = Role.COMP
    band.plan(note(0, 60, 1920, role=comp), note(960, 72, role=comp), note(960, 64, role=comp))
    band.start()
    band.until(485)
    assert len(band.loop.locked(comp)) == 2
    band.do(Splice(comp, 960, (note(960, 65, role=comp),), withdraw_ns=485 * MS, stale_from=960))
    band.until(2000)
    # The C that sounds is right, so it sounds on, although a stale C was withdrawn.
    assert band.left("comp") == [(0, "on", 60), (500, "on", 65), (625, "off", 65), (1000, "off", 60)]


def test_a_stale_note_that_has_just_left_is_ended() -> None:
    band = Band()
    comp = Role.COMP
    band.plan(note(960, 64, 1920, role=comp))
    band.start()
    band.until(502)
    band.do(Splice(comp, 960, (), withdraw_ns=505 * MS, stale_from=960))
    band.until(2000)
    assert band.left("comp") == [(500, "on", 64), (502, "off", 64)]


def test_a_locked_note_that_is_the_answer_already_carries_the_trigger() -> None:
    band = Band()
    band.plan(note(960, 60), note(1440, 62))
    band.start()
    band.until(485)
    band.do(Splice(Role.LEAD, 960, (note(960, 60), note(1440, 62)), trigger_ns=480 * MS))
    band.until(2000)
    assert [(r.tick, r.trigger_ns) for r in band.sent() if r.on] == [(960, 480 * MS), (1440, 0)]


def test_a_note_that_gives_way_leaves_its_place_to_a_later_splice() -> None:
    band = Band()
    band.plan(note(960, 60))
    band.start()
    band.until(485)
    band.do(Splice(Role.LEAD, 960, (), withdraw_ns=505 * MS, stale_from=960))
    band.do(Splice(Role.LEAD, 960, (note(960, 64),)))
    band.until(1000)
    assert [pitch for _, kind, pitch in band.left() if kind == "on"] == [60, 64]


def test_each_answer_is_due_when_it_was_read_and_leaves_before_the_next_is_read() -> None:
    """Reading takes time: here a millisecond a splice."""
    band = Band()
    band.start()
    band.until(10)
    reading: list[int] = []

    class Slow(RecordingSink):
        def send(self, data: bytes) -> None:
            super().send(data)
            band.time.ns += MS
            reading.append(len(band.commands))

    band.do(SetSink("lead", Slow(band.time)), SetSink("comp", Slow(band.time)))
    reading.clear()
    band.do(
        Splice(Role.COMP, 20, (note(20, 64, role=Role.COMP),), at_once=True, trigger_ns=5 * MS),
        Splice(Role.LEAD, 20, (note(20, 60),), at_once=True, trigger_ns=5 * MS),
    )
    assert reading[:2] == [1, 0]  # the comp's left before the lead's was read
    assert [(r.role, r.sent_ns - r.due_ns) for r in band.sent() if r.on] == [(Role.COMP, 0), (Role.LEAD, 0)]


def test_a_locked_note_that_is_due_now_and_is_the_answer_carries_the_trigger() -> None:
    band = Band()
    band.plan(note(960, 60), note(1440, 62))
    band.start()
    band.until(485)
    band.time.ns = 500 * MS
    band.do(Splice(Role.LEAD, 960, (note(960, 60), note(1440, 62)), at_once=True, trigger_ns=480 * MS))
    band.until(2000)
    assert [(r.tick, r.trigger_ns) for r in band.sent() if r.on] == [(960, 480 * MS), (1440, 0)]


def test_what_replaces_an_answer_before_it_sounds_is_the_answer() -> None:
    band = Band()
    band.start()
    band.until(10)
    band.do(Splice(Role.LEAD, 0, (note(960, 60), note(1440, 62)), trigger_ns=5 * MS))
    band.until(20)
    band.do(Splice(Role.LEAD, 480, (note(1200, 64), note(1440, 65))))
    band.until(640)
    band.do(Splice(Role.LEAD, 1440, (note(1440, 67),)))
    band.until(2000)
    assert [(r.tick, r.trigger_ns) for r in band.sent() if r.on] == [(1200, 5 * MS), (1440, 0)]


def answer(*new: PlannedNote, at_ms: int) -> tuple[Splice, Splice]:
    """What a chord on a grid causes at tick 960: what gives way first, and the new plan."""
    withdraw_ns = (at_ms + 6) * MS
    gives_way = Splice(
        Role.COMP, 960, (), frozenset({7}), withdraw_ns=withdraw_ns, stale_from=960, follows=True
    )
    return gives_way, Splice(
        Role.COMP, 960, new, withdraw_ns=withdraw_ns, trigger_ns=at_ms * MS, stale_from=960
    )


@pytest.mark.parametrize("at_ms", [480, 495, 498, 500, 503])
def test_what_the_new_plan_has_too_is_struck_once_and_ends_as_the_new_plan_says(at_ms: int) -> None:
    """Far enough ahead to be withdrawn, locked beyond that, due now, and just left."""
    band = Band()
    comp = Role.COMP
    band.plan(*(note(960, pitch, 480, role=comp, index=i) for i, pitch in enumerate((60, 64, 67))))
    band.start()
    band.until(at_ms)
    band.do(*answer(note(960, 60, 960, role=comp), note(960, 69, 960, role=comp, index=1), at_ms=at_ms))
    band.until(2000)
    left = band.left("comp")
    assert [(ms, kind) for ms, kind, pitch in left if pitch == 60] == [(500, "on"), (1000, "off")]
    struck = [ms for ms, kind, pitch in left if (kind, pitch) == ("on", 69)]
    assert struck == [max(500, at_ms)]
    for gone in (64, 67):
        # Stale, or wrong too: never struck, or ended at once.
        ons = [ms for ms, kind, pitch in left if (kind, pitch) == ("on", gone)]
        offs = [ms for ms, kind, pitch in left if (kind, pitch) == ("off", gone)]
        assert len(ons) == len(offs) == (0 if at_ms < 494 else 1)
        assert all(off <= max(500, at_ms) + 1 for off in offs)
    assert band.settled()


def test_right_notes_past_withdrawing_wait_for_the_new_plan_and_wrong_ones_do_not() -> None:
    band = Band()
    comp = Role.COMP
    band.plan(*(note(960, pitch, 480, role=comp, index=i) for i, pitch in enumerate((60, 67))))
    band.start()
    band.until(502)
    gives_way, new = answer(at_ms=502)
    band.do(gives_way)
    band.until(504)
    assert band.left("comp") == [(500, "on", 60), (500, "on", 67), (502, "off", 67)]
    band.do(new)
    assert band.left("comp")[3:] == [(504, "off", 60)]


def test_a_line_that_the_new_plan_has_too_goes_on_and_another_is_replaced() -> None:
    band = Band()
    band.plan(note(960, 60, 480), note(1440, 62))
    band.start()
    band.until(502)
    band.do(Splice(Role.LEAD, 960, (note(960, 60, 720), note(1680, 65)), stale_from=960, trigger_ns=502 * MS))
    band.until(1100)
    assert band.left() == [(500, "on", 60), (875, "off", 60), (875, "on", 65), (1000, "off", 65)]


@pytest.mark.parametrize(
    ("stale_from", "pitch", "left"),
    [
        (None, 60, [(500, "on", 60), (750, "off", 60)]),  # a mere change of plan leaves what is locked
        (None, 64, [(500, "on", 60), (750, "off", 60)]),
        (960, 60, [(500, "on", 60), (625, "off", 60)]),  # what is stale lasts as the new plan says
        (960, 64, [(500, "on", 64), (625, "off", 64)]),  # or gives way
    ],
)
def test_a_locked_note_is_changed_only_where_it_became_stale(
    stale_from: int | None, pitch: int, left: list[tuple[int, str, int]]
) -> None:
    band = Band()
    band.plan(note(960, 60, 480), note(1440, 62))
    band.start()
    band.until(485)
    band.do(Splice(Role.LEAD, 960, (note(960, pitch, 240),), stale_from=stale_from))
    band.until(1300)
    assert band.left() == left


@pytest.mark.parametrize("command", [SetMute(Role.LEAD, True), Silence(Role.LEAD), Silence()])
def test_what_has_only_just_left_is_ended_too(command: SetMute | Silence) -> None:
    band = Band()
    band.start()
    band.until(100)
    band.do(Splice(Role.LEAD, 192, (note(192, 60, 960),), at_once=True, trigger_ns=99 * MS), command)
    assert band.left() == [(100, "on", 60), (100, "off", 60)]
    assert band.settled()
