"""The named actions: one table behind keys, footer, help, command palette, MIDI map and docs."""

from dataclasses import dataclass
from enum import StrEnum


class Argument(StrEnum):
    """What an action takes: nothing, a role, a style's name, or a number."""

    NONE = "none"
    ROLE = "role"
    STYLE = "style"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Action:
    """A thing the player can do. ``key`` is the default Textual key, empty for none of its own.

    ``local`` actions belong to the console (screens, quitting); the others go to the engine.
    """

    name: str
    title: str
    help: str
    key: str = ""
    argument: Argument = Argument.NONE
    default: str = ""
    """Argument used when the key is pressed."""
    local: bool = False
    footer: bool = False


ACTIONS: tuple[Action, ...] = (
    Action("start_stop", "Start / stop", "Count in and play; again: stop at once.", "space", footer=True),
    Action("panic", "Panic", "End every note now, on every port.", "exclamation_mark", footer=True),
    Action("ending", "Ending", "The band finishes the phrase and stops.", "e", footer=True),
    Action("freeze", "Freeze", "Loop the bars that are planned; again: go on.", "f", footer=True),
    Action("flow", "Flow", "Each key plays the lead's next note, in your rhythm; again: hand it back.", "w"),
    Action("click", "Click", "Metronome on or off.", "k"),
    Action("style_next", "Next style", "The next style, from the next bar line.", "s", footer=True),
    Action("style_prev", "Previous style", "The previous style, from the next bar line.", "S"),
    Action("style", "Style", "A style by name.", argument=Argument.STYLE),
    Action("style_pick", "Pick a style", "Open the list of styles.", "p", local=True),
    Action("meter", "Meter", "Next meter (4/4, 3/4, 6/8, 5/4, 7/8), or one by name.", "M", Argument.TEXT),
    Action("temperature_up", "More adventurous", "Raise the temperature.", "right_square_bracket"),
    Action("temperature_down", "Less adventurous", "Lower the temperature.", "left_square_bracket"),
    Action("temperature", "Temperature", "Set the temperature, 0 to 1.", argument=Argument.NUMBER),
    Action("energy_up", "More energy", "Busier and louder.", "up"),
    Action("energy_down", "Less energy", "Sparser and softer.", "down"),
    Action("energy", "Energy", "Set the energy, 0 to 1.", argument=Argument.NUMBER),
    Action("density_up", "More notes", "Raise the density.", "right"),
    Action("density_down", "Fewer notes", "Lower the density.", "left"),
    Action("density", "Density", "Set the density, 0 to 1.", argument=Argument.NUMBER),
    Action("surprise_up", "More surprise", "Further out of the chord's own scale.", "right_curly_bracket"),
    Action("surprise_down", "Less surprise", "Nearer to the chord's own scale.", "left_curly_bracket"),
    Action("surprise", "Surprise", "Set the surprise, 0 to 1.", argument=Argument.NUMBER),
    Action("seed", "Seed", "Another seed, or one by number, from the next bar line.", "i", Argument.NUMBER),
    Action("tempo_up", "Faster", "Two beats a minute faster.", "plus"),
    Action("tempo_down", "Slower", "Two beats a minute slower.", "minus"),
    Action("tempo", "Tempo", "Set the tempo in beats a minute.", argument=Argument.NUMBER),
    Action("tap", "Tap tempo", "Tap the beat.", "t", footer=True),
    Action("grid", "Grid", "Next answer grid (free, 1/8, 1/16), or one by name.", "g", Argument.TEXT),
    Action("mute_lead", "Mute lead", "Lead on or off.", "1"),
    Action("mute_bass", "Mute bass", "Bass on or off.", "2"),
    Action("mute_comp", "Mute comp", "Comp on or off.", "3"),
    Action("mute_drums", "Mute drums", "Drums on or off.", "4"),
    Action("solo_lead", "Solo lead", "Only the lead.", "5"),
    Action("solo_bass", "Solo bass", "Only the bass.", "6"),
    Action("solo_comp", "Solo comp", "Only the comp.", "7"),
    Action("solo_drums", "Solo drums", "Only the drums.", "8"),
    Action("latch", "Latch", "Hold the chord after the keys are let go, or not.", "l"),
    Action(
        "capture",
        "Capture",
        "Keep what you played, the last 4 bars (or 1 to 8), with its chords.",
        "a",
        Argument.NUMBER,
    ),
    Action("keep", "Keep", "Keep the phrase that a role plays now; it comes more often.", "h", Argument.ROLE),
    Action("ban", "Ban", "Never play the phrase that a role plays now again.", "j", Argument.ROLE),
    Action("undo", "Undo", "Take the last capture, keep or ban back; again: the one before.", "u"),
    Action("hits", "Hits", "The phrases found for the chords at hand.", "H", local=True, footer=True),
    Action("library", "Library", "Browse, filter and audition phrases; ingest a folder.", "o", local=True),
    Action("llm", "LLM", "What the LLM was last asked and what it said, word for word.", "L", local=True),
    Action("model_pick", "Pick a model", "Open the list of models for the LLM.", local=True),
    Action("model", "Model", "Have the LLM use a model, by name.", argument=Argument.TEXT),
    Action("audition", "Audition", "Play a phrase of the library by its number.", argument=Argument.TEXT),
    Action("ingest", "Ingest", "Take a file or folder into the phrase library.", argument=Argument.TEXT),
    Action("ingest_stop", "Stop ingesting", "Stop taking in files; what is in stays."),
    Action("devices", "Devices", "Choose keyboard and outputs.", "d", local=True),
    Action(
        "input_toggle",
        "Use or leave an input",
        "Open or close an input port by name.",
        argument=Argument.TEXT,
    ),
    Action(
        "output_pick",
        "Choose an output",
        "Send a role to an output port that exists, as role=port name.",
        argument=Argument.TEXT,
    ),
    Action("synth", "Use the synth", "Send the band to the General MIDI synth that was found.", "y"),
    Action("roll_role", "Roll", "Show the next role in the large piano roll.", "r", local=True),
    Action(
        "soon",
        "Next beat",
        "The next key takes effect at the next beat, not the next bar.",
        "tab",
        local=True,
    ),
    Action(
        "pads_down", "Pads down", "Chord pads of the computer keyboard a semitone down.", "comma", local=True
    ),
    Action(
        "pads_up", "Pads up", "Chord pads of the computer keyboard a semitone up.", "full_stop", local=True
    ),
    Action("palette", "All actions", "Find any action by typing its name.", "ctrl+p", local=True),
    Action("back", "Close / let go", "Close what is open; else let the chord pad go.", "escape", local=True),
    Action("help", "Help", "All keys on one screen.", "question_mark", local=True, footer=True),
    Action("screenshot", "Screenshot", "Save the screen as SVG.", "f12", local=True),
    Action("detach", "Leave it playing", "Close the console; the music goes on.", "ctrl+d", local=True),
    Action("quit", "Quit (twice)", "Stop the band and leave; press twice.", "q", local=True, footer=True),
)

BY_NAME: dict[str, Action] = {a.name: a for a in ACTIONS}
