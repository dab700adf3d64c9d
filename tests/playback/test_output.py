"""What leaves the ports, as exact lists of events on a dummy clock."""

import pytest

from jamtui.music.phrase import Role, Source
from jamtui.playback.commands import (
    Immediate,
    Locate,
    Route,
    SentNote,
    SetMute,
    SetRoute,
    SetSink,
    Silence,
    Splice,
    TimedMessage,
)
from jamtui.playback.fakes import FlakySink, RecordingSink
from jamtui.playback.late import ON_TIME_ONLY
from jamtui.playback.ledger import read_pedals
from jamtui.styles.style import Feel
from tests.playback.band import MS, ROUTES, Band, balanced, note


def test_notes_leave_when_they_are_due() -> None:
    band = Band()
    band.plan(note(0, 60), note(480, 62), note(960, 64, 960))
    band.start()
    band.until(2000)
    assert band.left() == [
        (0, "on", 60),
        (125, "off", 60),
        (250, "on", 62),
        (375, "off", 62),
        (500, "on", 64),
        (1000, "off", 64),
    ]
    assert band.settled()
    assert band.loop.queue_depth == 0


def test_every_note_is_reported_as_sent() -> None:
    band = Band({**ROUTES, Role.BASS: Route("bass", 3, octave=-1)})
    band.do(Splice(Role.BASS, 0, (note(480, 48, role=Role.BASS, velocity=99),), trigger_ns=1234))
    band.start()
    band.until(1000)
    on, off = 250 * MS, 375 * MS
    source = Source.REFLEX
    assert list(band.reports) == [
        SentNote(Role.BASS, True, 480, 36, 99, 3, "bass", on, on, source, 0, trigger_ns=1234, meant_ns=on),
        SentNote(Role.BASS, False, 720, 36, 0, 3, "bass", off, off, source, 0),
    ]
    assert band.bytes_left("bass") == [bytes((0x93, 36, 99)), bytes((0x83, 36, 0))]


def test_only_the_first_note_of_an_answer_carries_its_trigger() -> None:
    band = Band()
    band.start()
    band.do(Splice(Role.LEAD, 0, (note(480, 60), note(960, 62)), trigger_ns=7))
    band.until(300)
    band.do(Splice(Role.LEAD, 1440, (note(1440, 65),), trigger_ns=8))
    band.until(2000)
    assert [(r.pitch, r.trigger_ns) for r in band.sent() if r.on] == [(60, 7), (62, 0), (65, 8)]


def test_a_splice_in_the_middle_of_a_bar_replaces_what_is_planned_from_there() -> None:
    band = Band()
    band.plan(note(0, 60), note(960, 62), note(1920, 64), note(2880, 65))
    band.start()
    band.until(600)
    band.do(Splice(Role.LEAD, 1500, (note(1680, 70), note(2400, 72))))
    band.until(3000)
    assert [(ms, pitch) for ms, kind, pitch in band.left() if kind == "on"] == [
        (0, 60),
        (500, 62),
        (875, 70),
        (1250, 72),
    ]
    assert band.dropped() == []


def test_other_roles_are_not_touched_by_a_splice() -> None:
    band = Band()
    band.plan(note(960, 60))
    band.plan(note(960, 40, role=Role.BASS))
    band.do(Splice(Role.LEAD, 0, ()))
    band.start()
    band.until(1000)
    assert band.left("lead") == []
    assert band.left("bass") == [(500, "on", 40), (625, "off", 40)]


def test_a_locked_note_is_not_replaced() -> None:
    band = Band()
    band.plan(note(960, 60), note(1440, 62))
    band.start()
    band.until(470)
    # 30 ms before: still planned.
    assert [n.pitch for n in band.loop.planned(Role.LEAD)] == [60, 62]
    band.until(471)
    assert [n.pitch for n in band.loop.locked(Role.LEAD)] == [60]
    band.do(Splice(Role.LEAD, 0, (note(960, 70), note(1440, 72))))
    band.until(2000)
    assert [pitch for _, kind, pitch in band.left() if kind == "on"] == [60, 72]


def test_what_is_locked_is_so_by_time_not_by_when_the_loop_looked() -> None:
    band = Band()
    band.plan(note(960, 60))
    band.start()
    band.until(400)
    band.commands.append(Splice(Role.LEAD, 0, (note(1920, 70),)))
    # The loop comes late: the note has been nearer than 30 ms for a while.
    band.time.advance_to(490 * MS)
    band.until(2000)
    assert [pitch for _, kind, pitch in band.left() if kind == "on"] == [60, 70]


def test_a_locked_note_that_became_wrong_is_withdrawn() -> None:
    band = Band()
    band.plan(note(960, 60), note(960 + 24, 62))
    band.start()
    band.until(485)
    assert len(band.loop.locked(Role.LEAD)) == 2
    band.do(Splice(Role.LEAD, 960, (note(1440, 70),), wrong=frozenset({0}), withdraw_ns=485 * MS))
    band.until(1000)
    assert [pitch for _, kind, pitch in band.left() if kind == "on"] == [62, 70]


def test_a_wrong_note_due_before_the_withdrawal_stays() -> None:
    band = Band()
    band.plan(note(960, 60), note(984, 72))
    band.start()
    band.until(485)
    band.do(Splice(Role.LEAD, 960, (), wrong=frozenset({0}), withdraw_ns=505 * MS))
    band.until(1000)
    assert [pitch for _, kind, pitch in band.left() if kind == "on"] == [60]


def test_a_sounding_note_that_became_wrong_ends_at_once() -> None:
    band = Band()
    comp = Role.COMP
    band.plan(note(0, 60, 1920, role=comp), note(0, 40, 1920, role=comp))
    band.plan(note(0, 36, 1920, role=Role.BASS))
    band.start()
    band.until(300)
    band.do(Splice(comp, 960, (), wrong=frozenset({0})))
    band.until(2000)
    # 40 is an E; the bass's C is not the comp's.
    assert band.left("comp") == [(0, "on", 60), (0, "on", 40), (300, "off", 60), (1000, "off", 40)]
    assert band.left("bass") == [(0, "on", 36), (1000, "off", 36)]
    ended = next(r for r in band.sent() if not r.on)
    assert (ended.tick, ended.due_ns) == (576, 300 * MS)


def test_a_line_plays_one_note_at_a_time() -> None:
    band = Band()
    band.plan(note(0, 60, 1920))
    band.start()
    band.until(100)
    band.do(Splice(Role.LEAD, 480, (note(480, 64, 480),)))
    band.until(2000)
    assert band.left() == [(0, "on", 60), (250, "off", 60), (250, "on", 64), (500, "off", 64)]


def test_a_new_note_does_not_double_a_locked_one() -> None:
    band = Band()
    comp = Role.COMP
    band.plan(note(960, 60, role=comp), note(960, 64, role=comp))
    band.plan(note(960, 72))
    band.start()
    band.until(480)
    band.do(Splice(comp, 960, tuple(note(960, p, role=comp) for p in (60, 63, 67)), frozenset({4}), 0))
    band.do(Splice(Role.LEAD, 960, (note(960, 75),)))
    band.until(1000)
    assert [(kind, pitch) for _, kind, pitch in band.left("comp")][:3] == [("on", 60), ("on", 63), ("on", 67)]
    assert [pitch for _, kind, pitch in band.left() if kind == "on"] == [72]


def test_an_answer_at_once_leaves_now_without_feel_or_offset() -> None:
    band = Band({Role.LEAD: Route("lead", offset_ms=20.0)})
    band.feel(Feel(push_ms=15.0))
    band.start()
    band.until(100)
    # Tick 192 is now.
    band.do(Splice(Role.LEAD, 190, (note(190, 60, 480), note(672, 62)), at_once=True, trigger_ns=99))
    assert band.left() == [(100, "on", 60)]
    assert band.sent()[0].due_ns == 100 * MS
    assert band.sent()[0].trigger_ns == 99
    band.until(1000)
    assert band.left()[1:] == [(350, "off", 60), (385, "on", 62), (510, "off", 62)]


def test_an_at_once_note_that_would_be_over_is_late() -> None:
    band = Band()
    band.start()
    band.until(500)
    band.do(Splice(Role.LEAD, 0, (note(0, 60, 240), note(900, 62, 240)), at_once=True))
    band.until(1000)
    assert band.left()[0] == (500, "on", 62)
    assert band.dropped() == [(0, 60, "late")]


def test_late_note_ons_are_sent_at_once_or_dropped() -> None:
    band = Band()
    band.plan(note(960, 60), note(960 + 115, 62, 480))
    band.start()
    band.until(400)
    band.time.advance_to(565 * MS)
    band.until(1000)
    assert band.left() == [(565, "on", 62), (809.895833, "off", 62)]
    assert band.dropped() == [(960, 60, "late")]
    assert [r.sent_ns - r.due_ns > 0 for r in band.sent() if r.on] == [True]


def test_a_note_sent_late_keeps_its_end_but_sounds() -> None:
    band = Band()
    band.plan(note(960, 60, 120))
    band.start()
    band.until(400)
    band.time.advance_to(550 * MS)
    band.until(1000)
    assert band.left() == [(550, "on", 60), (580, "off", 60)]


def test_lateness_is_a_named_policy() -> None:
    band = Band(late=ON_TIME_ONLY)
    band.plan(note(960, 60))
    band.start()
    band.until(400)
    band.time.advance_to(506 * MS)
    band.until(1000)
    assert band.dropped() == [(960, 60, "late")]


def test_late_note_offs_go_all_the_same() -> None:
    band = Band()
    band.plan(note(0, 60))
    band.start()
    band.until(50)
    band.time.advance_to(5_000 * MS)
    band.until(5_001)
    assert band.left() == [(0, "on", 60), (5_000, "off", 60)]


def test_a_tempo_change_moves_locked_and_sounding_notes() -> None:
    band = Band()
    comp = Role.COMP
    band.plan(note(0, 60, 1920, role=comp), note(960, 62, role=comp), note(1440, 64, role=comp))
    band.start()
    band.until(480)
    assert [n.pitch for n in band.loop.locked(comp)] == [62]
    # 38.4 ticks are left to the locked note: 80 ms at 30 BPM instead of 20 ms.
    band.clock.set_bpm(30.0, 480 * MS)
    band.until(2700)
    assert band.left("comp") == [
        (0, "on", 60),
        (560, "on", 62),
        (1060, "off", 62),
        (1560, "on", 64),
        (2060, "off", 64),
        (2560, "off", 60),
    ]


def test_feel_and_offset_in_milliseconds_stay_so_when_the_tempo_changes() -> None:
    band = Band({Role.LEAD: Route("lead", offset_ms=10.0)})
    band.feel(Feel(push_ms=-25.0))
    band.plan(note(960, 60))
    band.start()
    band.until(470)
    band.clock.set_bpm(60.0, 470 * MS)
    band.until(1000)
    # 30 ms at the old tempo are 60 at the new, less 15.
    assert band.left()[0] == (515, "on", 60)


def test_a_phase_change_that_makes_a_note_due_sends_it() -> None:
    band = Band()
    band.plan(note(960, 60))
    band.start()
    band.until(460)
    band.clock.follow(961, 460 * MS, band.clock.segment.ns_per_tick)
    band.until(470)
    assert band.left() == [(460, "on", 60)]


def test_locate_drops_what_lies_before_and_ends_what_sounds() -> None:
    band = Band()
    band.plan(note(0, 60, 1920), note(960, 62), note(3840, 64), note(4800, 65))
    band.start()
    band.until(490)
    band.clock.locate(3840, 490 * MS)
    band.do(Locate(3840))
    band.until(2000)
    assert band.left() == [
        (0, "on", 60),
        (490, "off", 60),
        (490, "on", 64),
        (615, "off", 64),
        (990, "on", 65),
        (1115, "off", 65),
    ]
    assert band.dropped() == [(960, 62, "locate")]


def test_a_jump_back_plans_locked_notes_again() -> None:
    band = Band()
    band.plan(note(1920, 60))
    band.start()
    band.until(990)
    assert len(band.loop.locked(Role.LEAD)) == 1
    band.clock.locate(960, 990 * MS)
    band.until(991)
    assert [n.pitch for n in band.loop.planned(Role.LEAD)] == [60]
    band.until(2000)
    assert band.left() == [(1490, "on", 60), (1615, "off", 60)]


def test_the_jump_of_the_clock_alone_is_enough() -> None:
    band = Band()
    band.plan(note(0, 60, 1920), note(960, 62))
    band.start()
    band.until(100)
    band.clock.locate(9600, 100 * MS)
    band.clock.set_bpm(90.0, 100 * MS)
    band.until(1000)
    assert band.left() == [(0, "on", 60), (100, "off", 60)]
    assert band.dropped() == [(960, 62, "locate")]


def test_a_clock_that_stops_ends_what_sounds_and_keeps_the_plan() -> None:
    band = Band()
    band.plan(note(0, 60, 1920), note(960, 62))
    band.start()
    band.until(480)
    band.clock.stop(480 * MS)
    band.until(900)
    assert band.left() == [(0, "on", 60), (480, "off", 60)]
    band.clock.start(900 * MS)
    band.until(2000)
    assert band.left()[2:] == [(920, "on", 62), (1045, "off", 62)]


def test_panic_ends_what_was_struck_and_ended_before_once_more() -> None:
    band = Band()
    band.start()
    band.do(Splice(Role.LEAD, 0, (note(0, 60, 240), note(480, 62, 960))))
    band.until(600)
    sink = band.recorded["lead"]
    sink.events.clear()
    band.do(Silence(panic=True))
    offs = [data for _, data in sink.events if data[0] == 0x80]
    assert offs == [b"\x80\x3e\x00", b"\x80\x3c\x00"], "what sounds first, then what may have been lost"
    sink.events.clear()
    band.do(Silence(panic=True))
    assert [data for _, data in sink.events if data[0] == 0x80] == [b"\x80\x3e\x00"], "each a second time"
    sink.events.clear()
    band.do(Silence(panic=True))
    assert not [data for _, data in sink.events if data[0] == 0x80], "that is enough"


def test_a_stop_ends_once_more_what_was_ended_before_but_not_what_the_player_holds() -> None:
    band = Band()
    band.start()
    band.do(Splice(Role.LEAD, 0, (note(0, 60, 240), note(480, 62, 960))))
    band.until(600)
    held = Immediate("lead", b"\x90\x40\x50")
    band.do(Immediate("lead", b"\x90\x3c\x50"), Immediate("lead", b"\x80\x3c\x00"), held)
    sink = band.recorded["lead"]
    sink.events.clear()
    band.do(Silence())
    assert [data for _, data in sink.events] == [b"\x80\x3e\x00", b"\x80\x3c\x00"]
    assert band.loop.sounding() == (("lead", 0, 0x40),)


def test_panic_ends_notes_explicitly_first_and_then_everything() -> None:
    comp = Role.COMP
    band = Band({comp: Route("lead", 4)})
    band.plan(note(0, 60, 1920, role=comp), note(0, 64, 1920, role=comp), note(960, 62, role=comp))
    band.do(Immediate("lead", bytes((0x91, 50, 70))))
    band.start()
    band.until(100)
    band.recorded["lead"].events.clear()
    band.do(Silence(panic=True))
    expected = [bytes((0x81, 50, 0)), bytes((0x84, 60, 0)), bytes((0x84, 64, 0))]
    for channel in range(16):
        expected += [bytes((0xB0 | channel, control, 0)) for control in (64, 123, 120)]
    assert band.bytes_left() == expected
    assert band.settled()
    band.until(2000)
    assert len(band.bytes_left()) == 51


def test_silence_of_one_role_leaves_the_others() -> None:
    band = Band()
    band.plan(note(0, 60, 1920), note(960, 62))
    band.plan(note(0, 40, 960, role=Role.BASS))
    band.start()
    band.until(100)
    band.do(Silence(Role.LEAD))
    band.until(2000)
    assert band.left("lead") == [(0, "on", 60), (100, "off", 60)]
    assert band.left("bass") == [(0, "on", 40), (500, "off", 40)]


def test_silence_does_not_end_what_the_player_holds() -> None:
    band = Band()
    band.do(Immediate("lead", bytes((0x90, 50, 70))))
    band.plan(note(0, 60, 1920))
    band.start()
    band.until(100)
    band.do(Silence())
    assert band.left() == [(0, "on", 50), (0, "on", 60), (100, "off", 60)]
    band.do(Immediate("lead", bytes((0x90, 50, 0))))
    assert band.settled()


def test_mute_ends_what_sounds_and_holds_back_what_comes() -> None:
    band = Band()
    band.plan(note(0, 60, 1920), note(960, 62), note(1920, 64))
    band.start()
    band.until(490)
    band.do(SetMute(Role.LEAD, True))
    band.until(800)
    band.do(SetMute(Role.LEAD, False))
    band.until(2000)
    assert band.left() == [(0, "on", 60), (490, "off", 60), (1000, "on", 64), (1125, "off", 64)]
    assert band.dropped() == [(960, 62, "muted")]


def test_a_key_struck_again_is_ended_first() -> None:
    band = Band()
    band.plan(note(0, 60, 960), note(480, 60, 960))
    band.start()
    band.until(2000)
    assert band.left() == [(0, "on", 60), (250, "off", 60), (250, "on", 60), (750, "off", 60)]
    assert band.settled()


def test_two_roles_on_one_channel_share_its_keys() -> None:
    band = Band({Role.LEAD: Route("one"), Role.COMP: Route("one")})
    band.plan(note(0, 60, 960))
    band.plan(note(240, 60, 240, role=Role.COMP))
    band.start()
    band.until(2000)
    assert band.left("one") == [(0, "on", 60), (125, "off", 60), (125, "on", 60), (250, "off", 60)]


def test_note_off_goes_before_note_on_at_the_same_time() -> None:
    band = Band()
    band.plan(note(0, 60, 480), note(480, 62, 480))
    band.start()
    band.until(250)
    assert [(kind, pitch) for _, kind, pitch in band.left()] == [("on", 60), ("off", 60), ("on", 62)]


def test_octaves_move_pitches_and_come_back_into_range() -> None:
    comp = Role.COMP
    band = Band({comp: Route("lead", octave=2), Role.DRUMS: Route("drums", 9, octave=2)})
    band.plan(*(note(0, pitch, role=comp) for pitch in (60, 120, 110, 127)))
    band.plan(note(0, 36, role=Role.DRUMS))
    band.start()
    band.until(10)
    assert [pitch for _, _, pitch in band.left()] == [84, 120, 122, 127]
    assert [pitch for _, _, pitch in band.left("drums")] == [36]


def test_routes_set_program_and_volume() -> None:
    band = Band()
    band.plan(note(0, 60, 960))
    band.start()
    band.until(100)
    band.do(SetRoute(Role.LEAD, Route("bass", 5, program=33, volume=90, offset_ms=-10)))
    band.plan(note(960, 62), from_tick=480)
    band.until(1000)
    assert band.left("lead") == [(0, "on", 60), (100, "off", 60)]
    assert band.bytes_left("bass") == [
        bytes((0xC5, 33)),
        bytes((0xB5, 7, 90)),
        bytes((0x95, 62, 80)),
        bytes((0x85, 62, 0)),
    ]
    assert band.left("bass")[0] == (490, "on", 62)


def test_a_new_program_or_volume_alone_ends_nothing() -> None:
    band = Band({Role.LEAD: Route("lead", 2, program=5)})
    band.plan(note(0, 60, 960))
    band.start()
    band.until(100)
    band.do(SetRoute(Role.LEAD, Route("lead", 2, program=6)))
    band.do(SetRoute(Role.LEAD, Route("lead", 2, program=6, volume=90)))
    band.do(SetRoute(Role.LEAD, Route("lead", 2, program=6, volume=90, octave=1)))
    band.until(1000)
    assert [(ns / MS, data) for ns, data in band.recorded["lead"].events] == [
        (0, bytes((0x92, 60, 80))),
        (100, bytes((0xC2, 6))),
        (100, bytes((0xB2, 7, 90))),
        (500, bytes((0x82, 60, 0))),
    ]


def program_changes(band: Band) -> list[tuple[float, int]]:
    return [(ns / MS, data[1]) for ns, data in band.recorded["lead"].events if data[0] & 0xF0 == 0xC0]


def test_a_route_for_a_bar_line_comes_before_the_earliest_note_behind_it() -> None:
    band = Band({Role.LEAD: Route("lead", program=5)})
    band.feel(Feel(push_ms=-40.0))
    band.plan(note(0, 60, 3700), note(3840, 62, index=1))
    band.start()
    band.until(100)
    band.do(SetRoute(Role.LEAD, Route("lead", program=6), at=3840))
    # The tempo changes meanwhile: the bar line comes at 3.2 s.
    band.clock.set_bpm(75.0, 0)
    band.until(4000)
    messages = [(ns / MS, data[0] & 0xF0) for ns, data in band.recorded["lead"].events]
    assert messages[-4:-1] == [(pytest.approx(3083.3, abs=0.1), 0x80), (3160, 0xC0), (3160, 0x90)]


def test_a_route_that_waits_gives_way_to_a_later_one_and_is_set_when_the_music_stops_or_jumps() -> None:
    for end in ("stop", "jump", "panic", "later", "now"):
        band = Band({Role.LEAD: Route("lead", program=5)})
        band.start()
        band.until(100)
        band.do(SetRoute(Role.LEAD, Route("lead", program=6), at=3840))
        band.until(200)
        assert program_changes(band) == []
        if end == "jump":
            band.clock.locate(9600, 200 * MS)
            band.until(201)
        elif end == "later":
            band.do(SetRoute(Role.LEAD, Route("lead", program=7), at=7680))
        elif end == "now":
            band.do(SetRoute(Role.LEAD, Route("lead", program=8)))
        else:
            band.do(Silence(panic=end == "panic"))
        band.until(5000)
        expected = {"later": [(3960, 7)], "now": [(200, 8)]}
        assert program_changes(band) == expected.get(end, [(200, 6)])


def test_routes_are_set_up_before_the_first_note() -> None:
    time_sink = {"lead": RecordingSink(lambda: 0)}
    band = Band({Role.LEAD: Route("lead", 2, program=5, volume=77)}, time_sink)
    assert [data for _, data in time_sink["lead"].events] == [bytes((0xC2, 5)), bytes((0xB2, 7, 77))]
    band.loop.step(0)
    assert len(time_sink["lead"].events) == 2


def test_a_port_that_goes_and_returns_owes_nothing() -> None:
    band = Band({Role.LEAD: Route("lead", program=3), Role.BASS: Route("bass", 1)})
    flaky = FlakySink(band.time, 100 * MS, 700 * MS)
    band.do(SetSink("lead", flaky))
    flaky.events.clear()
    band.plan(note(0, 60, 480), note(480, 62), note(960, 64), note(1920, 65))
    band.plan(note(0, 40, 240, role=Role.BASS), note(960, 43, 240, role=Role.BASS))
    band.start()
    band.until(600)
    assert band.loop.gone_ports() == (("lead", "The port was unplugged; plug it in again."),)
    assert band.ledger.owed("lead") == (("lead", 0, 60),)
    band.until(720)
    band.do(SetSink("lead", flaky))
    assert band.loop.gone_ports() == ()
    band.until(2000)
    assert flaky.events == [
        (0, bytes((0x90, 60, 80))),
        (720 * MS, bytes((0x80, 60, 0))),
        (720 * MS, bytes((0xC0, 3))),
        (720 * MS, bytes((0xB0, 7, 100))),
        (1000 * MS, bytes((0x90, 65, 80))),
        (1125 * MS, bytes((0x80, 65, 0))),
    ]
    assert band.dropped() == [(480, 62, "port"), (960, 64, "port")]
    assert band.left("bass") == [(0, "on", 40), (125, "off", 40), (500, "on", 43), (625, "off", 43)]
    assert band.settled()


def test_a_note_that_a_lost_port_still_sounds_is_ended_when_it_returns() -> None:
    band = Band()
    band.plan(note(0, 60, 3840))
    band.start()
    band.until(100)
    band.do(SetSink("lead", None))
    band.until(200)
    band.do(SetSink("lead", band.recorded["lead"]))
    band.until(3000)
    assert band.left() == [(0, "on", 60), (200, "off", 60)]
    assert band.settled()


def test_what_sounds_in_a_port_that_is_given_to_another_sink_ends_there() -> None:
    band = Band()
    other = RecordingSink(band.time)
    band.plan(note(0, 60, 3840))
    band.do(Immediate("lead", bytes((0x90, 72, 80))), Immediate("lead", bytes((0xB0, 64, 127))))
    band.start()
    band.until(100)
    band.do(SetSink("lead", other))
    assert set(band.bytes_left()[-3:]) == {bytes((0x80, 60, 0)), bytes((0x80, 72, 0)), bytes((0xB0, 64, 0))}
    assert [data for _, data in other.events] == [bytes((0xB0, 7, 100))]
    band.until(3000)
    assert band.settled()
    assert other.notes() == []


def test_a_pedal_that_passed_through_is_let_go_by_panic_finish_and_a_port_that_returns() -> None:
    down, up = bytes((0xB3, 64, 127)), bytes((0xB3, 64, 0))
    for end in ("panic", "finish", "return"):
        band = Band()
        band.do(Immediate("lead", down), Immediate("bass", bytes((0xB1, 64, 63))))
        assert band.ledger.pedals() == (("lead", 3),)
        assert read_pedals(band.bitmap) == [(band.ledger.ports.index("lead"), 3)]
        if end == "finish":
            band.loop.finish(band.time.ns)
        elif end == "panic":
            band.do(Silence(panic=True))
        else:
            band.do(SetSink("lead", None))
            assert band.bytes_left() == [down]
            band.do(SetSink("lead", band.recorded["lead"]))
        assert band.bytes_left()[:2] == [down, up]
        assert band.ledger.pedals() == ()
        assert read_pedals(band.bitmap) == []


def test_the_player_lets_the_pedal_go_also_with_all_controllers_and_a_stop_leaves_it() -> None:
    for up in (bytes((0xB0, 64, 0)), bytes((0xB0, 64, 63)), bytes((0xB0, 121, 0))):
        band = Band()
        band.do(Immediate("lead", bytes((0xB0, 64, 64))), Silence())
        assert band.ledger.pedals() == (("lead", 0),)
        band.do(Immediate("lead", up))
        assert band.ledger.pedals() == ()
        band.loop.finish(band.time.ns)
        assert band.bytes_left() == [bytes((0xB0, 64, 64)), up]


class BrokenSink:
    """A driver that fails in a way nobody planned."""

    def send(self, data: bytes) -> None:
        raise RuntimeError("driver")


def test_a_driver_that_fails_otherwise_costs_its_port_only() -> None:
    band = Band()
    band.do(SetSink("lead", BrokenSink()))
    band.plan(note(480, 60))
    band.plan(note(480, 40, role=Role.BASS))
    band.start()
    band.until(1000)
    assert dict(band.loop.gone_ports()) == {"lead": "driver"}
    assert [pitch for _, kind, pitch in band.left("bass") if kind == "on"] == [40]


def test_a_port_that_is_away_from_the_first_costs_the_others_nothing() -> None:
    bass = RecordingSink(lambda: 0)
    band = Band(
        {Role.LEAD: Route("lead", program=3), Role.BASS: Route("bass", 1)},
        {"lead": BrokenSink(), "bass": bass},
    )
    assert dict(band.loop.gone_ports()) == {"lead": "driver"}
    assert [data for _, data in bass.events] == [bytes((0xB1, 7, 100))]


def test_what_the_player_plays_through_is_owed_too() -> None:
    band = Band()
    band.do(Immediate("lead", bytes((0x90, 60, 80))), Immediate("lead", bytes((0xB0, 64, 127))))
    assert band.ledger.owed() == (("lead", 0, 60),)
    band.do(Immediate("lead", bytes((0x90, 60, 90))))
    band.do(Immediate("lead", bytes((0x80, 60, 33))))
    assert band.bytes_left() == [
        bytes((0x90, 60, 80)),
        bytes((0xB0, 64, 127)),
        bytes((0x80, 60, 0)),
        bytes((0x90, 60, 90)),
        bytes((0x80, 60, 33)),
    ]
    assert band.settled()


def test_a_key_the_band_struck_after_the_player_is_the_bands_to_end() -> None:
    band = Band()
    band.do(Immediate("lead", bytes((0x90, 60, 80))))
    band.plan(note(0, 60, 960))
    band.start()
    band.until(100)
    band.do(Immediate("lead", bytes((0x80, 60, 0))))
    band.until(1000)
    assert band.left() == [(0, "on", 60), (0, "off", 60), (0, "on", 60), (500, "off", 60)]


def test_broken_bytes_do_not_reach_a_port() -> None:
    band = Band()
    band.do(Immediate("lead", bytes((0x90, 60))), Immediate("lead", b"\x10\x20"), Immediate("lead", b""))
    band.do(Immediate("nowhere", bytes((0x90, 60, 1))))
    band.do(Immediate("lead", bytes.fromhex("903c40 3e40 3c00")))
    assert band.bytes_left() == [bytes.fromhex("903c40"), bytes.fromhex("903e40"), bytes.fromhex("903c00")]
    assert band.ledger.owed() == (("lead", 0, 62),)


def test_timed_messages_go_at_their_tick_before_notes() -> None:
    band = Band()
    band.plan(note(960, 60))
    band.do(TimedMessage("lead", 960, b"\xf8"), TimedMessage("drums", 960, bytes((0x99, 76, 90))))
    band.do(TimedMessage("drums", 1080, bytes((0x89, 76, 0))))
    band.start()
    band.until(1000)
    assert band.recorded["lead"].events[0] == (500 * MS, b"\xf8")
    assert band.left("drums") == [(500, "on", 76), (562.5, "off", 76)]
    assert band.sent()[0].role is Role.LEAD


def test_a_click_that_sounds_ends_when_the_rest_of_it_is_dropped() -> None:
    band = Band()
    band.do(TimedMessage("drums", 0, bytes((0x99, 76, 90))), TimedMessage("drums", 960, bytes((0x89, 76, 0))))
    band.do(TimedMessage("lead", 960, b"\xf8"), TimedMessage("drums", 960, bytes((0x99, 77, 90))))
    band.start()
    band.until(100)
    band.do(Silence())
    band.until(1000)
    assert band.left("drums") == [(0, "on", 76), (100, "off", 76)]
    # Clock pulses are not music: a slave counts them.
    assert band.bytes_left("lead") == [b"\xf8"]


def test_a_click_that_sounds_ends_when_panic_or_a_jump_takes_its_end_away() -> None:
    for command in (Silence(panic=True), Locate(3840)):
        band = Band()
        band.do(
            TimedMessage("drums", 0, bytes((0x99, 76, 90))), TimedMessage("drums", 960, bytes((0x89, 76, 0)))
        )
        band.start()
        band.until(100)
        band.do(command)
        band.until(1000)
        assert band.left("drums") == [(0, "on", 76), (100, "off", 76)]
        assert band.settled()


def test_finish_ends_everything() -> None:
    band = Band()
    band.plan(note(0, 60, 3840), note(960, 61))
    band.do(Immediate("thru", b""), Immediate("lead", bytes((0x90, 70, 80))))
    band.start()
    band.until(100)
    band.loop.finish(band.time.ns)
    assert band.settled()
    band.until(3000)
    assert balanced(band.recorded["lead"].notes())
    assert band.loop.step(band.time.ns) is None


def test_swing_is_heard() -> None:
    band = Band()
    band.feel(Feel(swing=2 / 3))
    band.plan(*(note(i * 480, 60 + i, 240, index=i) for i in range(4)))
    band.start()
    band.until(2000)
    assert [round(ms, 3) for ms, kind, _ in band.left() if kind == "on"] == [0, 333.333, 500, 833.333]


def test_no_feel_is_more_than_forty_milliseconds_early() -> None:
    band = Band()
    band.feel(Feel(push_ms=-35.0, spread_ms=30.0))
    band.plan(*(note(960 * (i + 1), 60 + i, 120, residual=-40, index=i) for i in range(8)))
    band.start()
    band.until(5000)
    for sent in band.sent():
        if sent.on:
            assert -40 * MS <= sent.sent_ns - round(sent.tick * 500 * MS / 960) < 10 * MS
    assert min(s.sent_ns - round(s.tick * 500 * MS / 960) for s in band.sent() if s.on) == -40 * MS


def test_when_to_come_again() -> None:
    band = Band()
    assert band.loop.step(0) is None
    band.plan(note(960, 60))
    assert band.loop.step(0) is None
    band.start()
    assert band.loop.step(0) == 470 * MS + 1
    assert not band.loop.next_is_send
    band.until(471)
    assert band.loop.step(471 * MS) == 500 * MS
    assert band.loop.next_is_send


def test_housekeeping_shortly_before_an_event_is_as_exact_as_the_event() -> None:
    band = Band()
    # Locked at 470 ms; a note-off is due 2 ms later.
    band.plan(note(0, 50, 906), note(960, 60, index=1))
    band.start()
    band.until(400)
    assert band.loop.step(400 * MS) == 470 * MS + 1
    assert band.loop.next_is_send


def test_an_answer_is_not_due_before_it_was_known_however_early_feel_would_have_it() -> None:
    band = Band()
    band.feel(Feel(push_ms=-30.0))
    band.start()
    band.until(480)
    band.do(Splice(Role.LEAD, 960, (note(960, 60), note(1440, 62, index=1)), trigger_ns=480 * MS))
    band.until(1200)
    ons = [(r.due_ns / MS, r.sent_ns / MS) for r in band.sent() if r.on]
    assert ons == [(480, 480), (pytest.approx(720, abs=0.1), pytest.approx(720, abs=0.1))]
