"""One line of what the doctor found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One line. ``fix`` says what to do where ``ok`` is False; only a ``needed`` one makes doctor fail."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    needed: bool = True
