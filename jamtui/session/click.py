"""The metronome: one click a felt beat, the downbeat accented, sent only a moment ahead."""

from jamtui.music.meter import PPQ
from jamtui.playback.commands import TimedMessage
from jamtui.session.barlines import BarLines

HIGH, LOW = 76, 77
"""General MIDI high and low wood block."""

_LENGTH = PPQ // 8


class Metronome:
    """Clicks on ``channel`` (0 to 15) of ``port``; an empty port is silent."""

    def __init__(self, port: str, channel: int) -> None:
        self._port = port
        self._channel = channel
        self.next: int | None = None
        """Tick of the first beat not yet looked at; None: the next one from now."""

    def go_through(self, port: str, channel: int) -> None:
        """Click there from now on."""
        self._port, self._channel = port, channel

    def restart(self) -> None:
        """Look at every beat from now on again."""
        self.next = None

    def advance(self, now: int, until: int, lines: BarLines, began: int, on: bool) -> list[TimedMessage]:
        """Clicks for beats up to ``until``. Bars before ``began`` are the count-in and click always,
        others when ``on``."""
        at = lines.next_beat(now) if self.next is None else self.next
        clicks: list[TimedMessage] = []
        while at <= until:
            if self._port and (on or at < began):
                clicks += self._click(at, accent=lines.bar_at(at).start == at)
            at = lines.next_beat(at + 1)
        self.next = at
        return clicks

    def _click(self, tick: int, *, accent: bool) -> tuple[TimedMessage, TimedMessage]:
        key, velocity = (HIGH, 112) if accent else (LOW, 78)
        on = bytes((0x90 | self._channel, key, velocity))
        off = bytes((0x80 | self._channel, key, 0))
        return TimedMessage(self._port, tick, on), TimedMessage(self._port, tick + _LENGTH, off)
