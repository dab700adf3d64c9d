import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import LinkError
from jamtui.music.chord import QUALITIES, make_chord
from jamtui.music.phrase import Bar, ChordSpan, Note, Role, Source
from jamtui.processes.codec import LINK_VERSION, decode, encode, from_plain, to_plain
from jamtui.session.snapshot import GaugeView, Roll, RollNote

notes = st.builds(
    Note,
    onset=st.integers(0, 3839),
    pitch=st.integers(0, 127),
    duration=st.integers(1, 3840),
    velocity=st.integers(1, 127),
    residual=st.integers(-200, 200),
)
chords = st.builds(make_chord, st.integers(0, 11), st.sampled_from(sorted(QUALITIES)))
bars = st.builds(
    Bar,
    session=st.text(max_size=8),
    role=st.sampled_from(Role),
    start_tick=st.integers(0, 1 << 30),
    length=st.just(3840),
    plan_revision=st.integers(0, 10_000),
    brief_id=st.text(max_size=8),
    chords_assumed=st.tuples(st.builds(ChordSpan, st.just(0), st.just(3840), chords)),
    origin=st.sampled_from(Source),
    seed=st.integers(0, 1 << 40),
    notes=st.lists(notes, max_size=6).map(tuple),
)


@given(bars)
def test_a_bar_arrives_as_it_left(bar: Bar) -> None:
    kind, body = decode(encode("bar", bar))
    assert kind == "bar"
    assert from_plain(Bar, body) == bar


def test_optional_numbers_and_nested_tuples_arrive() -> None:
    gauges = GaugeView(ttfn_last=None, ttfn_p50=1.5, late_history=(0.0, 0.25))
    assert from_plain(GaugeView, to_plain(gauges)) == gauges
    roll = Roll("lead", 3, (RollNote(0, 480, 60, 90, "R", "p"),))
    assert from_plain(Roll, to_plain(roll)) == roll


def test_unknown_fields_are_ignored_and_missing_ones_refused() -> None:
    assert from_plain(RollNote, {**to_plain(RollNote(0, 1, 2, 3, "R", "p")), "new": 1}).pitch == 2
    with pytest.raises(LinkError, match="jamtui stop"):
        from_plain(RollNote, {"tick": 0})


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"3", b'{"v":1}', b'{"t":"x","b":1}'])
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(LinkError):
        decode(data)


def test_another_version_is_refused_with_what_to_do() -> None:
    other = encode("x").replace(f'"v":{LINK_VERSION}'.encode(), b'"v":999')
    with pytest.raises(LinkError, match=r"version 999.*jamtui stop"):
        decode(other)


def test_what_is_not_data_cannot_be_sent() -> None:
    with pytest.raises(TypeError):
        encode("x", {1, 2})
