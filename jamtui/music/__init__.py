"""Pure musical values and rules: pitch, chord, scale, meter, phrase, bar, brief. No I/O, no clock."""
