"""Errors whose text is for the musician: one sentence that says what to do."""


class JamtuiError(Exception):
    """Base of all errors that are shown as one sentence, without a traceback."""

    exit_code = 1


class ConfigError(JamtuiError):
    """The configuration cannot be used as it is."""

    exit_code = 2


class MusicError(JamtuiError, ValueError):
    """A chord symbol, chart, style or phrase that cannot be read."""

    exit_code = 2


class PortError(JamtuiError):
    """A MIDI port that is missing, busy or refused."""

    exit_code = 3


class LinkError(JamtuiError):
    """The processes of the band cannot reach each other."""

    exit_code = 4


class StoreError(JamtuiError):
    """The phrase library cannot be opened, read or written."""

    exit_code = 5


class StoreFullError(StoreError):
    """There is no room left for the phrase library: it may still be looked into."""
