"""The MIDI systems that rtmidi knows, by the names of the configuration."""

from typing import Any

APIS = ("jack", "alsa", "coremidi", "winmm")
TITLE = {"jack": "JACK", "alsa": "ALSA", "coremidi": "CoreMIDI", "winmm": "Windows MM", "none": "MIDI"}
"""What the musician knows them as."""
VIRTUAL = frozenset({"jack", "alsa", "coremidi"})
"""Those in which ports of our own can be made for others to connect to."""
NOT_BUILT = "this build of python-rtmidi does not have it"


def failures() -> tuple[type[BaseException], ...]:
    """What rtmidi raises where the system refuses something. Asked for when it has: rtmidi is loaded then."""
    import rtmidi

    return rtmidi.RtMidiError, RuntimeError, OSError, SystemError, ValueError


def code(rtmidi: Any, api: str) -> int:
    """The number that the module ``rtmidi`` has for one of ``APIS``."""
    codes = {
        "jack": rtmidi.API_UNIX_JACK,
        "alsa": rtmidi.API_LINUX_ALSA,
        "coremidi": rtmidi.API_MACOSX_CORE,
        "winmm": rtmidi.API_WINDOWS_MM,
    }
    return int(codes[api])
