"""Where the engine's clients and inputs are served: each message is taken, understood and obeyed here.

All of it runs in the planning thread. Whatever comes in, the band plays on.
"""

import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable

from jamtui import __version__
from jamtui.errors import JamtuiError, LinkError
from jamtui.music.phrase import Bar
from jamtui.playback.commands import Command
from jamtui.playback.wire import messages
from jamtui.processes.codec import Plain, decode, encode, from_plain
from jamtui.processes.engine_library import FROM_WORKERS, OF_LIBRARY, LibraryDesk
from jamtui.processes.engine_ports import EnginePorts
from jamtui.processes.engine_views import Audience, Views
from jamtui.processes.held import HeldKeys
from jamtui.processes.link import Peer
from jamtui.processes.sources import Sources
from jamtui.session.actions import BY_NAME
from jamtui.session.band import Band
from jamtui.session.exchange import Exchange
from jamtui.session.generator import GeneratorHealth

_OF_PORTS = ("input_toggle", "output_pick", "synth")
MISHAPS_LOGGED = 100
KEYBOARD = "computer keyboard"
TWICE_NS = 2_000_000_000
"""Within this, a second ``quit`` from the MIDI keyboard ends everything."""


class Desk:
    """Obeys messages.

    Args:
        commands: what the output loop is to do.
        flush: wakes the output loop where there is something to do.
        stop: ends the engine.
    """

    def __init__(
        self,
        *,
        session: str,
        band: Band,
        ports: EnginePorts,
        sources: Sources,
        audience: Audience,
        views: Views,
        commands: deque[Command],
        flush: Callable[[], None],
        stop: Callable[[], None],
    ) -> None:
        self._session = session
        self._band = band
        self._ports = ports
        self._sources = sources
        self._audience = audience
        self._views = views
        self._commands = commands
        self._flush = flush
        self._stop = stop
        self._library = LibraryDesk(band, sources, audience, lambda: ports.routes, commands)
        self._held = HeldKeys()
        self._mishaps = 0
        self._quit_until = 0
        self._outlook: object = None

    def hear(self, stamp: int, port: str, data: bytes) -> None:
        """One message of an input."""
        self._held.struck(port, data)
        self._pass_on(stamp, port, data)

    def let_go(self, inputs: Iterable[str], now: int) -> None:
        """These inputs went, or were left: the keys and pedals that they held are up."""
        for port in inputs:
            for message in self._held.release(port):
                self._pass_on(now, port, message)

    def _pass_on(self, stamp: int, port: str, data: bytes) -> None:
        try:
            self._band.midi(stamp, port, data)
        except Exception:  # a message that trips the band is left out; the next one may not
            self.mishap(f"a message from {port} was left out ({data[:3].hex(' ')})")

    def elsewhere(self, name: str, argument: str | float | None, now: int) -> bool:
        """Do an action of the MIDI keyboard that is not the band's; False where it is."""
        action = BY_NAME.get(name)
        if name in _OF_PORTS or name in OF_LIBRARY or name == "model":
            self._act(name, argument, False, now)
            return True
        if action is None or not action.local:
            return False
        consoles = [p for p in self._audience.peers if p.name == "console"]
        for console in consoles:
            console.send(encode("do", name))
        if name == "quit":
            if now < self._quit_until:
                self._stop()
            elif not consoles:
                self._audience.tell("once more within two seconds ends the band")
            self._quit_until = now + TWICE_NS
        elif not consoles:
            self._audience.tell(f"{action.title}: there is no console to do it in", "warning")
        return True

    def take(self, peer: Peer, data: bytes | None, now: int) -> None:
        """One message of a client; None: it is gone."""
        if data is None:
            self._part_with(peer, now)
            return
        try:
            kind, body = decode(data)
            self._obey(peer, kind, body, now)
        except LinkError as error:
            self._audience.tell(str(error), "warning")
        except Exception as error:  # whatever a client sends, the band plays on
            self.mishap(f"a message over the link was not understood ({type(error).__name__}: {error})")

    def mishap(self, text: str) -> None:
        """Say what went wrong; the traceback goes to the log, of the first hundred."""
        self._mishaps += 1
        if self._mishaps <= MISHAPS_LOGGED:
            traceback.print_exc()
        self._audience.tell(text, "warning")

    def brief(self, now: int) -> None:
        """Tell the workers what is wanted and what no longer is."""
        band, sources = self._band, self._sources
        tick = band.clock.segment.tick_at(now)
        outlook = band.conductor.outlook(tick)
        if outlook != self._outlook:
            self._outlook = outlook
            useless = sources.useless(lambda brief: band.conductor.wants(brief, tick))
            if useless:
                self._audience.send_to("workers", encode("cancel", useless))
        for brief in band.briefs():
            sources.sent(brief)
            self._audience.send_to("workers", encode("brief", brief))

    def _part_with(self, peer: Peer, now: int) -> None:
        """A client is gone: the keys it held are let go, and workers are said to be away."""
        for message in self._held.release(peer):
            self._pass_on(now, KEYBOARD, message)
        if peer.name == "workers" and not any(p.name == "workers" for p in self._audience.peers):
            self._sources.gone()
            self._band.conductor.set_sources(self._sources.wanted)

    def _obey(self, peer: Peer, kind: str, body: Plain, now: int) -> None:
        if kind == "action":
            self._act(str(body["name"]), body.get("argument"), bool(body.get("soon")), now)
        elif kind == "midi":
            for message in messages(bytes.fromhex(body)):
                self._held.struck(peer, message)
                self._band.midi(now, KEYBOARD, message)
        elif kind == "bar":
            verdict = self._band.offer(from_plain(Bar, body), now)
            peer.send(encode("verdict", {"accepted": verdict.accepted, "reason": verdict.reason}))
        elif kind == "health":
            self._sources.take([from_plain(GeneratorHealth, one) for one in body])
            self._band.conductor.set_sources(self._sources.wanted)
        elif kind in FROM_WORKERS:
            self._library.take(kind, body, now)
        elif kind == "exchange":
            self._audience.take_exchange(from_plain(Exchange, body), now)
        elif kind == "models":
            # The console's question has no body; the workers' answer has.
            self._audience.send_to("workers" if body is None else "console", encode("models", body))
        elif kind == "tell":
            self._audience.tell(str(body["text"])[:300], str(body["severity"]))
        elif kind == "hello":
            peer.name = str(body["name"])
            peer.send(encode("welcome", {"session": self._session, "version": __version__}))
            self._views.send_all_rolls()
            self._audience.welcome(peer)
        elif kind == "modules":
            peer.send(encode("modules", sorted(sys.modules)))
        elif kind == "report":
            peer.send(encode("report", self._views.report(now)))
        elif kind == "panic":
            self._act("panic", None, False, now)
            self._flush()
            peer.send(encode("panicked"))
        elif kind == "shutdown":
            self._stop()

    def _pick_model(self, name: str) -> None:
        if not any(p.name == "workers" for p in self._audience.peers):
            raise JamtuiError("the LLM's process is away, it is being restarted; choose again in a moment")
        self._audience.send_to("workers", encode("model", name))

    def _act(self, name: str, argument: str | float | None, soon: bool, now: int) -> None:
        try:
            if name == "input_toggle":
                self._ports.toggle_input(str(argument))
                self.let_go(self._ports.drain_gone(), now)
            elif name == "output_pick":
                self._commands.extend(self._ports.pick_output(str(argument)))
            elif name in OF_LIBRARY:
                self._library.act(name, argument, now)
            elif name == "model":
                self._pick_model(str(argument or ""))
            elif name == "synth":
                self._commands.extend(self._ports.use_synth())
            else:
                self._band.act(name, argument, soon=soon, ns=now)
        except JamtuiError as error:
            self._audience.tell(str(error), "warning")
        self._flush()
