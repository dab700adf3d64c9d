"""``python -m jamtui`` and the ``jamtui`` command."""

import sys


def main() -> int:
    """Run the command line; the exit status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Answered before anything else is imported: scripts ask this often.
        from jamtui import __version__

        print(f"jamtui {__version__}")
        return 0
    from jamtui.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
