"""A phrase played as it is written while the band is silent: at its moments, and never a note too long."""

from jamtui.music.meter import PPQ
from jamtui.playback.commands import Route
from jamtui.session.audition import LONGEST_NS, Audition, AuditionNote
from tests.session.stage import MS, Stage

ROUTE = Route("thru", 2, octave=1)
LINE = (AuditionNote(0, PPQ, 60, 80), AuditionNote(PPQ, PPQ, 60, 80), AuditionNote(2 * PPQ, PPQ, 64, 90))


def test_notes_go_out_at_their_moments_through_the_route() -> None:
    stage = Stage()
    begun = stage.time()
    stage.commands.extend(stage.band.audition.begin(LINE, 120.0, ROUTE, begun))
    stage.wait(2000)
    sent = [((at - begun) // (5 * MS) * 5, data) for at, data in stage.sinks["thru"].events]
    assert sent == [
        (0, bytes((0x92, 72, 80))),
        (500, bytes((0x82, 72, 0))),
        (500, bytes((0x92, 72, 80))),
        (1000, bytes((0x82, 72, 0))),
        (1000, bytes((0x92, 76, 90))),
        (1500, bytes((0x82, 76, 0))),
    ]
    assert stage.band.audition.next_ns is None


def test_another_one_ends_the_first() -> None:
    audition = Audition()
    audition.begin(LINE, 120.0, ROUTE, 0)
    assert [m.data[0] for m in audition.due(0)] == [0x92]
    owed = audition.begin(LINE, 120.0, ROUTE, 100)
    assert {m.data for m in owed} >= {bytes((0x82, 72, 0))}
    assert all(m.data[0] == 0x82 for m in owed)


def test_the_band_begins_and_the_audition_is_over() -> None:
    stage = Stage()
    stage.commands.extend(stage.band.audition.begin(LINE, 120.0, ROUTE, stage.time()))
    stage.wait(100)
    stage.act("start_stop")
    stage.wait(50)
    data = [d for _, d in stage.sinks["thru"].events]
    assert bytes((0x82, 72, 0)) in data
    assert stage.band.audition.next_ns is None


def test_what_cannot_be_a_note_is_left_out_and_nothing_lasts_for_ever() -> None:
    audition = Audition()
    odd = (AuditionNote(0, 1 << 40, 60, 300), AuditionNote(1 << 40, 10, 60, 80), AuditionNote(0, 10, 125, 80))
    audition.begin(odd, 0.0, ROUTE, 0)
    messages = audition.due(LONGEST_NS)
    assert [m.data for m in messages] == [bytes((0x92, 72, 127)), bytes((0x82, 72, 0))]
