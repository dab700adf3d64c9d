"""The console: a client of a running band that shows snapshots and turns keys into actions."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.filter import LineFilter, Monochrome

from jamtui.console.commands import ActionCommands
from jamtui.console.drawers import BY_ACTION, Drawers
from jamtui.console.frame import ROLES, Drawer, Frame, ended
from jamtui.console.inks import BACKGROUND, PLAIN, inks_of
from jamtui.console.keys import Keymap
from jamtui.console.news import News
from jamtui.console.pads import PADS, Pads
from jamtui.console.panels.drawers import inputs
from jamtui.console.settle import GaugeSettler
from jamtui.console.stage import Stage
from jamtui.console.svg import to_svg
from jamtui.music.meter import PPQ
from jamtui.session.actions import BY_NAME, Action, Argument
from jamtui.session.client import BandClient
from jamtui.session.snapshot import Event, GaugeView, Snapshot

QUIT_SECONDS = 2.0
"""How long the first press of quit waits for the second."""
CARRY_SECONDS = 0.25
"""How far musical time is carried on without a snapshot; beyond, the roll stands still."""
REPEAT_SECONDS = 0.08
"""A pad key that comes again sooner than this is the keyboard's auto-repeat."""
AWAY = ("lost", "ended")
"""States of the link in which the engine was there and is not."""
FAILURE_SECONDS = 0.5
"""How often it is asked why the band cannot start."""

Left = Literal["quit", "detach"]
"""How the console was left: ``quit`` asks the caller to stop the band, ``detach`` to let it play."""


def local_time(at: float) -> str:
    """Time of day of a Unix time."""
    return time.strftime("%H:%M:%S", time.localtime(at))


class JamApp(App[Left]):
    """The stage screen over ``client``. ``run()`` returns how it was left; the caller owns the client.

    ``theme`` is one of ``inks.THEMES``; without ``color``, and where NO_COLOR is set, there is none. The
    chord pads of the computer keyboard are there while no MIDI input is open. ``failure`` is asked, while
    the band is not reached, why it cannot start. ``now`` (seconds) and ``time_of_day`` are arguments so
    that tests can hold them still.

    Raises:
        ConfigError: ``key_overrides`` cannot be used as they are.
    """

    CSS = f"""
    Screen {{ background: {BACKGROUND}; layers: base; overflow: hidden; }}
    CommandPalette > Vertical {{ margin-top: 9; }}
    """
    COMMANDS: ClassVar = {lambda: ActionCommands}
    COMMAND_PALETTE_BINDING = ""
    ENABLE_COMMAND_PALETTE = True
    ALLOW_SELECT = False
    TITLE = "jamtui"
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: they work whatever is open above the stage.
        Binding("ctrl+c,ctrl+q", "perform('quit')", "Quit (twice)", priority=True, show=False),
    ]

    def __init__(
        self,
        client: BandClient,
        *,
        version: str,
        fps: float = 18.0,
        key_overrides: Mapping[str, str] | None = None,
        screenshot_folder: Path | None = None,
        theme: str = "dark",
        color: bool = True,
        failure: Callable[[], str | None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
        time_of_day: Callable[[float], str] = local_time,
    ) -> None:
        super().__init__()
        self._client = client
        self._version = version
        self._fps = fps
        self._keymap_of_band = Keymap(key_overrides)
        self._screenshots = screenshot_folder or Path.cwd()
        self._pads = Pads()
        self._pad_last: tuple[str, float] = ("", float("-inf"))
        self._failure = failure
        self._failed = ""
        self._failure_due = float("-inf")
        self._now = now
        self._time_of_day = time_of_day
        self._monochrome = not color and not self.no_color
        """Colours are off by the configuration alone: Textual does not know of it."""
        self._inks = inks_of(PLAIN if self.no_color or not color else theme)
        self.stage = Stage()
        self._settler = GaugeSettler()
        self._news = News()
        self._snapshot: Snapshot | None = None
        self._snapshot_at = 0.0
        self._link = client.link
        self._drawers = Drawers(client, time_of_day, self._chosen)
        self._soon = False
        self._quit_until = 0.0
        self.roll_role = ROLES[0]
        self._panic_keys = {"exclamation_mark", self._keymap_of_band.panic_key}

    @property
    def drawer(self) -> Drawer:
        """What is open beside the stage."""
        return self._drawers.drawer

    # -- the picture -------------------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and grey for its own widgets where the configuration turns colours off."""
        filters = super().get_line_filters()
        return [*filters, Monochrome()] if self._monochrome else filters

    def compose(self) -> ComposeResult:
        """One widget, which paints itself."""
        yield self.stage

    def on_mount(self) -> None:
        """Paint at once, then at the frame rate."""
        self.refresh_stage()
        self.set_interval(1 / self._fps, self.refresh_stage)

    def refresh_stage(self) -> None:
        """Take what is new from the band and show it."""
        now = self._now()
        self._take(now)
        self.stage.show(self._frame(now))

    def _take(self, now: float) -> None:
        snapshot = self._client.latest()
        if snapshot is not None and snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._snapshot_at = now
        for event in self._client.drain_events():
            self._note(event)
        link = self._client.link
        if link != self._link:
            if link == "connected" and self._link in AWAY:
                self._say("the engine is back")
            if link in AWAY:
                # Its notes went with the engine: the one that comes knows nothing of it.
                self._pads.release()
            self._link = link
        if link == "connected":
            self._failed = ""
        elif now >= self._failure_due:
            self._failure_due = now + FAILURE_SECONDS
            self._failed = self._failure() or ""
        self._drawers.take(snapshot)
        for name in self._client.drain_requests():
            self._requested(name)
        if self._pads.active and not self._pads_on:
            self._send(self._pads.release())

    def _requested(self, name: str) -> None:
        """A key or knob of the MIDI keyboard is mapped to something that only the console can do."""
        action = BY_NAME.get(name)
        if action is not None and action.local:
            self._do_local(name)

    def _note(self, event: Event) -> None:
        self._news.hear(event, self._time_of_day(event.at), self._now())

    def _say(self, text: str, severity: str = "info") -> None:
        self._note(Event(time.time(), text, severity))

    def _tick(self, now: float) -> float:
        snap = self._snapshot
        if snap is None:
            return 0.0
        if snap.state == "stopped":
            return snap.tick
        carried = min(CARRY_SECONDS, max(0.0, now - self._snapshot_at))
        return snap.tick + carried * snap.bpm / 60 * PPQ

    def _frame(self, now: float) -> Frame:
        snap, rolls = self._snapshot, self._client.rolls()
        if snap is not None and (self._failed or self._link == "ended"):
            snap, rolls = ended(snap), {}
        beside = self._drawers.state
        return Frame(
            snapshot=snap,
            rolls=rolls,
            gauges=self._settler.settle(snap.gauges, now) if snap else GaugeView(),
            tick=self._tick(now),
            link=self._link,
            link_detail=self._client.link_detail,
            events=self._news.shown(now),
            pads=self._pads.view() if self._pads_on else None,
            keys=self._keymap_of_band.hints,
            roll_role=self.roll_role,
            drawer=beside.drawer,
            cursor=beside.cursor,
            unfolded=beside.unfolded,
            library=beside.library,
            exchange=beside.exchange,
            models=beside.models,
            scroll=beside.scroll,
            soon=self._soon,
            quitting=now < self._quit_until,
            version=self._version,
            inks=self._inks,
            failure=self._failed,
        )

    # -- what the palette asks ---------------------------------------------------------------------

    def style_names(self) -> tuple[tuple[str, str], ...]:
        """Name and title of every style."""
        return self._snapshot.styles if self._snapshot else ()

    def input_names(self) -> tuple[str, ...]:
        """Every input port."""
        return tuple(p.name for p in inputs(self._snapshot)) if self._snapshot else ()

    def output_names(self) -> tuple[str, ...]:
        """Every output port."""
        return tuple(p.name for p in self._snapshot.ports_out) if self._snapshot else ()

    def key_of(self, action: str) -> str:
        """The key of an action as it is written, empty for none."""
        return next((h.key for h in self._keymap_of_band.hints if h.action == action), "")

    # -- keys --------------------------------------------------------------------------------------

    @property
    def _pads_on(self) -> bool:
        return self._snapshot is not None and not self._snapshot.inputs and not self._snapshot.demo

    async def on_event(self, event: events.Event) -> None:
        """Panic before anything else: a text field above the stage would swallow a bound ``!``."""
        if isinstance(event, events.Key) and event.key in self._panic_keys and not event.is_forwarded:
            self.perform("panic")
            return
        await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """Pads, the open drawer, then the table of actions."""
        if len(self.screen_stack) > 1:
            return
        key = event.key
        if self._drawers.key(key, event.character, self._snapshot, self.stage.size):
            event.stop()
            event.prevent_default()
        elif key in PADS and self._pads_on:
            self._press_pad(key)
            event.stop()
        elif (found := self._keymap_of_band.action(key)) is not None:
            action, soon = found
            self._do(action, None, soon=soon)
            event.stop()
            event.prevent_default()
        self.refresh_stage()

    def _press_pad(self, key: str) -> None:
        if self._client.link != "connected":
            self._say("the pads wait: the engine is away", "warning")
            return
        now = self._now()
        last, at = self._pad_last
        self._pad_last = (key, now)
        if key != last or now - at >= REPEAT_SECONDS:
            self._send(self._pads.press(key))

    def _send(self, messages: list[bytes]) -> None:
        for message in messages:
            self._client.midi_in(message)

    def on_paste(self, event: events.Paste) -> None:
        """A path, most likely, into what is being typed in the library."""
        if self._drawers.paste(event.text):
            self.refresh_stage()

    # -- actions -----------------------------------------------------------------------------------

    def action_perform(self, name: str) -> None:
        """A binding asks for an action of the table."""
        self.perform(name)

    def perform(self, name: str, argument: str | None = None) -> None:
        """Do an action of the table, by name."""
        self._do(BY_NAME[name], argument)
        self.refresh_stage()

    def refuse(self, sentence: str) -> None:
        """Say why what was typed cannot be done."""
        self._say(sentence, "warning")
        self.refresh_stage()

    def _chosen(self, name: str, argument: str | None) -> None:
        """Something was chosen in a drawer."""
        self._do(BY_NAME[name], argument)

    def _do(self, action: Action, argument: str | None, *, soon: bool = False) -> None:
        if action.local:
            self._do_local(action.name)
            return
        self._news.acted(self._now())
        soon = soon or self._soon
        self._soon = False
        if action.name == "panic":
            self._send(self._pads.release())
        value: str | float | None = argument if argument is not None else action.default or None
        if value is None and action.argument is Argument.ROLE:
            value = self.roll_role  # the one that is looked at
        if isinstance(value, str) and action.argument is Argument.NUMBER:
            value = float(value)
        self._client.act(action.name, value, soon=soon)

    def _do_local(self, name: str) -> None:
        if name == "quit":
            self._quit()
        elif name == "detach":
            self._send(self._pads.release())
            self.exit("detach")
        elif name == "back":
            self._back()
        elif name == "soon":
            self._soon = not self._soon
        elif (drawer := BY_ACTION.get(name)) is not None:
            self._drawers.toggle(drawer, self._snapshot)
        elif name == "roll_role":
            self.roll_role = ROLES[(ROLES.index(self.roll_role) + 1) % len(ROLES)]
        elif name in ("pads_up", "pads_down"):
            self._pads.transpose(1 if name == "pads_up" else -1)
        elif name == "palette":
            self.action_command_palette()
        elif name == "screenshot":
            self._save_picture()

    def _quit(self) -> None:
        now = self._now()
        if now < self._quit_until:
            self._send(self._pads.release())
            self.exit("quit")
        else:
            self._quit_until = now + QUIT_SECONDS

    def _back(self) -> None:
        self._soon = False
        self._quit_until = 0.0
        if not self._drawers.back(self._snapshot):
            self._send(self._pads.release())

    def picture(self) -> str:
        """The stage as SVG, without what is open above it."""
        title = f"jamtui {self._version}: the stage screen"
        return to_svg(self.stage.rows, title=title, background=self._inks.background)

    def _save_picture(self) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        path = self._screenshots / f"jamtui-{stamp}.svg"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.picture(), encoding="utf-8")
        except OSError as error:
            self._say(f"no screenshot: {path.parent} cannot be written ({error.strerror})", "warning")
        else:
            self._say(f"screenshot: {path}")


__all__ = ["JamApp", "Left", "local_time"]
