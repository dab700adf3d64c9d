"""Numbers as they are given on the command line; what cannot be used is said in a few words."""

import argparse


def number(text: str, low: float, high: float, wanted: str) -> float:
    """A number from ``low`` to ``high``; ``wanted`` says so in words."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"give {wanted}, not {text!r}")
    return value


def workers(text: str) -> int:
    """A number of processes."""
    return int(number(text, 1, 64, "a number of processes from 1 to 64"))


def positive(text: str) -> float:
    """Seconds above 0."""
    return number(text, 0.001, 1e9, "a number of seconds above 0")


def count(text: str) -> int:
    """A whole number from 1 on."""
    value = number(text, 1, 1e12, "a whole number from 1 on")
    if value != int(value):
        raise argparse.ArgumentTypeError(f"give a whole number from 1 on, not {text!r}")
    return int(value)


def tempo(text: str) -> float:
    """Beats a minute."""
    return number(text, 20, 400, "a tempo from 20 to 400")


def seed(text: str) -> int:
    """A seed of all chance, as the configuration takes it."""
    from jamtui.config.settings import UNLIMITED

    try:
        value = int(text)  # not through a float, which has no room for a long one
    except ValueError:
        value = -1
    if not 0 <= value <= UNLIMITED:
        raise argparse.ArgumentTypeError(f"give a seed as a whole number from 0 to {UNLIMITED}, not {text!r}")
    return value


def llm_host(text: str) -> str:
    """A server's address as it is written under ``[llm] hosts``; empty: none is named."""
    from jamtui.config.address import read_address

    if read_address(text) is None:
        raise argparse.ArgumentTypeError(f'{text!r} is no address: write it like "rack:11434"')
    return text
