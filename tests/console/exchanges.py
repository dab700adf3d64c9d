"""A request to a language model and its answer, written as the real ones are."""

from jamtui.session.exchange import Exchange

PROMPT = """<|im_start|>system
You are in a live band and write the next bars for one of its players.
You write music on a grid: one token for each step of the bar, a bar line after each bar, and nothing else.
C Db D Eb E F Gb G Ab A Bb B are pitches, c db d eb e f gb g ab a bb b the same an octave higher.
- holds the note before it, . is a rest, | ends a bar.
Chord tones stand on the strong beats, steps and neighbours lead to them. A line has a shape: it breathes,
repeats an idea, answers it, and goes on into the next chord.<|im_end|>
<|im_start|>user
4/4 in eighths: 8 steps in a bar.
Lead, a solo line: Dm7 | G7 | Cmaj7 | Cmaj7
" . F A c e - d c | B - A F D - E F | E - G B d - - . | . . G A B - G - |"
Swing, about 120 beats per minute.
These fit the chords to come:
Dm7 | G7
" A - F D . F A c | B - - G F - D - |"
Lead, bars 17 to 20, C major, lively:
Dm7 | G7 | Cmaj7 | F#m7b5<|im_end|>
<|im_start|>assistant
"""

EXCHANGE = Exchange(
    host="http://rack:11434",
    model="qwen3:1.7b",
    prompt=PROMPT,
    pattern="^ (F|A|c|d|f) (E|F|G|A|B|c|d|e|-) (E|F|G|A|B|c|d|e|f|g|-|[.])( (D|F|A|c|d|f|-|[.])| Db D) [|]"
    "( (D|F|G|B|d|-|[.]) (C|D|E|F|G|A|B|c|d|-|[.])){4} [|]( (C|E|G|B|c|e|-|[.]) (D|E|F|G|A|B|d|e|-)){4} [|]$",
    answer='" F A c e - d c A | B - A F D - E F | E - G B d - - . | C C C C C C C C |"',
    outcome="stop",
    bars=3,
    refused=1,
    at=45_612.0,
    seconds=1.83,
)
"""Four bars, of which the guard refused one."""
