"""Which of the band's styles a file belongs to, where the musician does not say."""

import re
from collections.abc import Sequence

from jamtui.music.phrase import Role

_WORDS = (
    (re.compile(r"bossa|samba|latin|jobim|brazil", re.IGNORECASE), "bossa"),
    (re.compile(r"blues|boogie|shuffle", re.IGNORECASE), "blues"),
    (re.compile(r"funk|soul\b|groove|motown", re.IGNORECASE), "funk"),
    (re.compile(r"lo-?fi|chill|hip-?hop", re.IGNORECASE), "lofi"),
    (re.compile(r"ballad|\blied\b|slow jam", re.IGNORECASE), "ballad"),
    (re.compile(r"swing|jazz|bebop|\bbop\b|ii.?v.?i|dixie", re.IGNORECASE), "swing"),
)


def style_of(title: str, name: str, swing: float, tempo: float, roles: Sequence[Role]) -> str:
    """A style of the band by the words of the title and the file's place, else by how it is played: swung
    eighths are swing (blues has to be said), slow and straight ones a ballad. "" fits every style."""
    for words in (title, name.replace("_", " ").replace("-", " ")):
        found = next((style for pattern, style in _WORDS if pattern.search(words)), "")
        if found:
            return found
    if swing >= 0.56:
        return "swing"
    if tempo < 76 and Role.DRUMS not in roles:
        return "ballad"
    return ""
