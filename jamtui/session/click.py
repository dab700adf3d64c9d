"""The metronome: one message a felt beat, the downbeat accented, sent only a moment ahead."""

from jamtui.music.meter import PPQ
from jamtui.playback.commands import TimedMessage
from jamtui.session.barlines import BarSpan

HIGH, LOW = 76, 77
"""General MIDI high and low wood block."""

_LENGTH = PPQ // 8


def click(port: str, channel: int, tick: int, *, accent: bool) -> tuple[TimedMessage, TimedMessage]:
    """A click at ``tick`` and its end."""
    key, velocity = (HIGH, 112) if accent else (LOW, 78)
    on = bytes((0x90 | channel, key, velocity))
    off = bytes((0x80 | channel, key, 0))
    return TimedMessage(port, tick, on), TimedMessage(port, tick + _LENGTH, off)


def beats_between(bar: BarSpan, start: int, end: int) -> list[tuple[int, bool]]:
    """Felt beats of ``bar`` from ``start`` up to but not including ``end``, with whether it is beat 1."""
    return [
        (bar.start + onset, onset == 0)
        for onset in bar.meter.beat_ticks
        if onset < bar.length and start <= bar.start + onset < end
    ]
