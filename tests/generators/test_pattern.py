"""Patterns that a server would not enforce are refused by name."""

import pytest

from jamtui.generators.pattern import PatternError, check_pattern


@pytest.mark.parametrize(
    "pattern",
    ["^abc$", "^( (C|Db|[.]|-)){8} [|]$", "^((a|b) [a-z]){2}$", "^(a|(b|c)d)e$", "^[-.]{3}$"],
)
def test_what_every_converter_keeps_passes(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("abc", "begin with"),
        ("^abc", "begin with"),
        ("abc$", "begin with"),
        ("^$", "begin with"),
        (r"^\d{3}$", r"\d"),
        (r"^\w$", "lose their meaning"),
        (r"^a\s$", "lose their meaning"),
        (r"^a\|b$", "escapes"),
        ("^[^a]$", "all but"),
        (r"^[\d]$", "plain letters"),
        ("^(?=a)a$", "look-around"),
        ("^(?:a|b)$", "look-around"),
        ("^a.b$", "any character"),
        ("^a*$", "{n}"),
        ("^a+$", "{n}"),
        ("^a?$", "{n}"),
        ("^(a|b){2}?$", "once"),
        ("^a{2}{3}$", "once"),
        ("^a{2,3}$", "{n}"),
        ("^a{2,}$", "{n}"),
        ("^a{0}$", "multiply"),
        ("^a{999}$", "multiply"),
        ("^((a){100}){100}$", "multiply"),
        ("^a|b$", "outside a group"),
        ("^(a|)$", "empty"),
        ("^(|a)$", "empty"),
        ("^()$", "empty"),
        ("^[]$", "empty"),
        ("^(a$", "not closed"),
        ("^[a$", "not closed"),
        ("^a)$", "not opened"),
        ("^a^b$", "anchor"),
        ('^a"b$', "escaped"),
        ("^a\nb$", "escaped"),
        ("^é$", "escaped"),
        ("^" + "(" * 40 + "a" + ")" * 40 + "$", "deeper"),
        ("^" + "a" * 100_000 + "$", "too long"),
    ],
)
def test_what_loses_its_meaning_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=r".+") as caught:
        check_pattern(pattern)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
