"""The command line: commands and their options; no logic. Everything heavy is imported by the command."""

import argparse
import sys
from collections.abc import Callable, Sequence

from jamtui.cli.parser import build_parser
from jamtui.errors import JamtuiError

__all__ = ["build_parser", "run"]


def run(argv: Sequence[str]) -> int:
    """Parse ``argv`` and do it; errors are one sentence on standard error."""
    arguments = build_parser().parse_args(argv)
    if arguments.version:
        from jamtui import __version__

        print(f"jamtui {__version__}")
        return 0
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except JamtuiError as error:
        print(f"jamtui: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"jamtui: {what}; `jamtui doctor` checks what jamtui needs of this machine", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
