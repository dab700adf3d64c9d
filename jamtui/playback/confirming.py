"""Reports of notes that were handed over, completed by the receipts that say when they left."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from jamtui.playback.commands import DroppedNote, Report, SentNote
from jamtui.playback.handover import Fate, Receipt

_REASONS = {Fate.LATE: "late", Fate.GONE: "port"}


class Confirming:
    """Holds reports back until their receipts are there, so that they come out in the order in which they
    went in, with the times at which the notes really left. For one thread."""

    def __init__(self) -> None:
        self._waiting: deque[Report] = deque()
        self._receipts: dict[int, Receipt] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, report: Report) -> None:
        """A report of the output loop. Its receipt may have come before."""
        self._waiting.append(report)

    def receive(self, receipts: Iterable[Receipt]) -> None:
        """What the outlet said."""
        for receipt in receipts:
            self._receipts[receipt.serial] = receipt

    def drain(self, lost: int = 0) -> list[Report]:
        """The reports that are complete. A note-on that did not leave comes as a `DroppedNote`; of an end
        that did not leave nothing comes, as it is still owed.

        Args:
            lost: no more receipts will come for numbers up to this; what has none by now did not leave.
        """
        done: list[Report] = []
        waiting, receipts = self._waiting, self._receipts
        while waiting:
            report = waiting[0]
            if isinstance(report, SentNote) and report.serial:
                receipt = receipts.pop(report.serial, None)
                if receipt is None and report.serial > lost:
                    break
                if receipt is not None and receipt.fate is Fate.SENT:
                    done.append(replace(report, sent_ns=receipt.sent_ns))
                elif report.on:
                    done.append(_dropped(report, Fate.GONE if receipt is None else receipt.fate))
            else:
                done.append(report)
            waiting.popleft()
        return done


def _dropped(report: SentNote, fate: Fate) -> DroppedNote:
    # Pitch and tick as they were to be sent; what was planned is not known here any more.
    return DroppedNote(report.role, report.tick, report.pitch, _REASONS[fate], report.source)
