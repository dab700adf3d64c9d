"""What the engine asks of the process that owns the output ports, and what that answers: plain values."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from jamtui.midi.apis import VIRTUAL as VIRTUAL_APIS
from jamtui.midi.hotplug import PortChange

VIRTUAL, PORT, NULL = "virtual", "port", "null"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where a sink is to lead: a virtual port called ``name``; the existing port that ``pattern`` means, by a
    port called ``name``; or nowhere, for ``reason``."""

    kind: str
    name: str
    pattern: str = ""
    reason: str = ""

    def same_place(self, other: "Wanted | None") -> bool:
        """Whether a port for ``other`` does for this."""
        return other is not None and (self.kind, self.pattern) == (other.kind, other.pattern)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a sink leads: our port's name, the port that it plays into (empty for a virtual one), why nothing
    can be sent now (empty while all is well) and, where there is no port at all (``kind`` is `NULL`), the
    reason."""

    name: str
    target: str = ""
    gone: str = ""
    reason: str = ""
    kind: str = PORT

    @property
    def is_port(self) -> bool:
        """Whether there is a port, be it gone for the moment."""
        return self.kind != NULL


@dataclass(frozen=True, slots=True)
class OutputsView:
    """The outputs at one moment."""

    api: str
    reason: str
    """Why there are no ports, empty where there are."""
    sinks: dict[str, Placed] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    """Names of all outputs of the system."""
    missing: tuple[str, ...] = ()
    """What is not there, in sentences, until it is."""
    changes: tuple[PortChange, ...] = ()
    """What came and went since the view before."""
    priority: str = ""
    """The priority at which is sent, in a sentence."""
    refused: str = ""
    """Why what was asked for was not done."""

    @property
    def has_virtual_ports(self) -> bool:
        """Whether ports of our own can be made for others to connect to."""
        return self.api in VIRTUAL_APIS


def brought_up(older: Iterable[tuple[str, OutputsView]], newer: OutputsView) -> list[tuple[str, OutputsView]]:
    """Answers that wait to be read, once ``newer`` came after them: what each tells of changes stays, where
    the sinks lead is as ``newer`` says."""
    return [(kind, replace(newer, changes=view.changes, refused=view.refused)) for kind, view in older]
