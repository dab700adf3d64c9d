"""The workers' side of an ingest beside the band: starts ``ingest_child``, follows it, stops it."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from math import ceil
from pathlib import Path

CHILD = (sys.executable, "-m", "jamtui.processes.ingest_child")


class IngestBeside:
    """One ingest at a time into the library at ``store``, in a process of its own.

    Args:
        tell: says a sentence to the musician, with a severity.
        look: is called whenever ``line`` has changed.
        command: what starts the child; the store and the path are its arguments.
    """

    def __init__(
        self,
        store: Path,
        tell: Callable[[str, str], None],
        look: Callable[[], None],
        command: tuple[str, ...] = CHILD,
    ) -> None:
        self._store = store
        self._tell = tell
        self._look = look
        self._command = command
        self._child: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.line = ""
        """How far it is, for the screen; "" where none runs."""

    def begin(self, text: str) -> None:
        """Ingest the file or folder that the musician named; what is wrong with it is said."""
        if not text.strip():
            self._tell("say which folder: its path after ingest", "warning")
            return
        path = Path(text.strip()).expanduser()
        if not path.exists():
            self._tell(f"there is no {path} to ingest; check the path", "warning")
        elif self._task is not None and not self._task.done():
            self._tell("an ingest is running; wait for its end or stop it", "warning")
        else:
            self._stopping = False
            self._task = asyncio.get_running_loop().create_task(self._run(path))

    def stop(self) -> None:
        """Have it end after the file that it is at; one that is just being started ends at once."""
        self._stopping = True
        child = self._child
        if child is not None and child.stdin is not None:
            child.stdin.close()

    async def close(self) -> None:
        """Stop it without waiting for its end."""
        self.stop()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _kill(self) -> None:
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            await self._child.communicate()

    async def _run(self, path: Path) -> None:
        self.line = f"{path.name}: looking for files"
        self._look()
        end = "the ingest ended without a word; the log of the workers says more"
        added = refused = 0
        aside = ""
        try:
            self._child = child = await asyncio.create_subprocess_exec(
                *self._command,
                str(self._store),
                str(path),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            if self._stopping:
                self.stop()
            assert child.stdout is not None
            async for line in child.stdout:
                told = json.loads(line)
                added, refused = int(told["added"]), int(told["refused"])
                if told.get("set_aside") and not aside:
                    aside = str(told["set_aside"])
                    self._tell(aside, "warning")
                end = str(told.get("end", end))
                self.line = f"{path.name}: {told['done']}/{told['files']} files, {added:,} new phrases"
                if refused:
                    self.line += f", {refused} refused"
                if told.get("left_s"):
                    self.line += f", {_time(float(told['left_s']))} left"
                self._look()
            await child.wait()
        except (OSError, ValueError, KeyError, TypeError) as error:
            # No room for a process, or a line that is none of ours. Whole files are stored, whenever it ends.
            await self._kill()
            end = (
                f"the ingest of {path.name} failed ({type(error).__name__}: {error}); what it stored is "
                "there, ingest it again to go on"
            )
        finally:
            self._child = None
            self.line = ""
        told_of = f"{added:,} new phrases" + (f", {refused} files refused" if refused else "")
        if end == "done":
            self._tell(f"{path.name} is in the library: {told_of}", "info")
        elif end == "stopped":
            self._tell(f"ingest of {path.name} stopped: {told_of} so far; again: it goes on", "info")
        else:
            self._tell(end, "warning")
        self._look()


def _time(seconds: float) -> str:
    """About how long: in tens of seconds, from a minute and a half on in minutes."""
    if seconds < 90:
        return f"{10 * ceil(seconds / 10)} s"
    return f"{ceil(seconds / 60)} min"
