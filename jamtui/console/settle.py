"""Numbers that do not jump: gauges are the median of a short window, renewed a few times a second."""

from collections import deque
from dataclasses import replace
from statistics import median_low

from jamtui.session.snapshot import GaugeView

PERIOD = 0.25
"""Seconds between two readings on screen."""
WINDOW = 5
"""Readings behind a median."""


class GaugeSettler:
    """Settles gauges; the events among them (last first note, dead air, hung notes) pass as they are."""

    def __init__(self) -> None:
        self._seen: deque[GaugeView] = deque(maxlen=WINDOW)
        self._shown: GaugeView | None = None
        self._due = 0.0

    def settle(self, gauges: GaugeView, now: float) -> GaugeView:
        """What to show at ``now`` (seconds of any clock)."""
        shown = self._shown
        urgent = shown is not None and (gauges.dead_air, gauges.hung) != (shown.dead_air, shown.hung)
        if shown is not None and now < self._due and not urgent:
            return shown
        self._due = now + PERIOD
        self._seen.append(gauges)
        seen = self._seen

        def middle(values: list[float | None]) -> float | None:
            known = [v for v in values if v is not None]
            return median_low(known) if known else None

        self._shown = replace(
            gauges,
            ttfn_p50=middle([g.ttfn_p50 for g in seen]),
            ttfn_p99=middle([g.ttfn_p99 for g in seen]),
            past_grid_p50=middle([g.past_grid_p50 for g in seen]),
            past_grid_p99=middle([g.past_grid_p99 for g in seen]),
            late_p50=middle([g.late_p50 for g in seen]),
            late_p99=middle([g.late_p99 for g in seen]),
            queue_depth=median_low([g.queue_depth for g in seen]),
            runway_bars=median_low([g.runway_bars for g in seen]),
        )
        return self._shown
