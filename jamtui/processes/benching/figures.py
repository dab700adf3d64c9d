"""Figures: a measured value beside its bar and this machine's floor, and how they are printed."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import ceil

Detail = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Check:
    """One value and the bar it must keep to. ``floor``: the control's or echo's value at that time."""

    name: str
    value: float | None
    bar: str
    passed: bool
    unit: str = ""
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its checks, over how many events, and the load average when it was taken."""

    name: str
    title: str
    checks: tuple[Check, ...]
    events: int
    seconds: float = 0.0
    load: tuple[float, float, float] = (0.0, 0.0, 0.0)
    details: dict[str, Detail] = field(default_factory=dict)
    """Further values that have no bar."""

    @property
    def passed(self) -> bool:
        """Whether every check keeps to its bar."""
        return all(c.passed for c in self.checks)

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "passed": self.passed}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of ``values`` do not exceed (nearest rank).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered), ceil(share * len(ordered))) - 1)]


def at_most(
    name: str,
    value: float | None,
    limit: float,
    unit: str = "ms",
    *,
    why: str = "",
    floor: float | None = None,
) -> Check:
    """Passed where ``value`` was measured and is not above ``limit``."""
    bar = f"≤ {limit:.4g}{' ' + unit if unit else ''}{f' ({why})' if why else ''}"
    return Check(name, value, bar, value is not None and value <= limit, unit, floor)


def at_least(
    name: str, value: float | None, limit: float, unit: str = "", *, floor: float | None = None
) -> Check:
    """Passed where ``value`` was measured and is not below ``limit``."""
    return Check(name, value, f"≥ {limit:.6g}", value is not None and value >= limit, unit, floor)


def exactly(name: str, value: float | None, wanted: float, unit: str = "") -> Check:
    """Passed where ``value`` was measured and is ``wanted``."""
    return Check(name, value, f"{wanted:g}", value is not None and value == wanted, unit)


def holds(name: str, true: bool, bar: str) -> Check:
    """A yes or no."""
    return Check(name, None, bar, true)


def beside(name: str, values: Sequence[float], floor: Sequence[float], share: float, more: float) -> Check:
    """A percentile that may exceed the floor's own by ``more`` milliseconds."""
    if not values or not floor:
        return Check(name, None, f"≤ floor + {more:g} ms", False, "ms")
    low = percentile(floor, share)
    return at_most(name, percentile(values, share), low + more, why=f"floor + {more:g}", floor=low)


def table(figures: Iterable[Figure]) -> str:
    """All figures as a Markdown table."""
    rows = ["| figure | value | bar | floor | | events | load |", "|---|---|---|---|---|---|---|"]
    for figure in figures:
        for check in figure.checks:
            value = "-" if check.value is None else f"{_short(check.value)} {check.unit}".strip()
            floor = "" if check.floor is None else f"{_short(check.floor)} {check.unit}".strip()
            rows.append(
                f"| {figure.name}: {check.name} | {value} | {check.bar} | {floor} | "
                f"{'ok' if check.passed else 'NOT MET'} | {figure.events} | {figure.load[0]:.2f} |"
            )
        for name, detail in figure.details.items():
            shown = _short(detail) if isinstance(detail, float) else str(detail)
            rows.append(f"| {figure.name}: {name} | {shown} | | | | | |")
    return "\n".join(rows)


def _short(value: float) -> str:
    return f"{value:.5g}" if abs(value) < 100_000 else f"{value:.0f}"
