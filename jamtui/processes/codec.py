"""Messages on the link: JSON objects with a version, a type and the fields of one frozen dataclass.

No pickle: a message from an older or newer jamtui is refused with a sentence, never half understood.
"""

import json
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from jamtui.errors import LinkError
from jamtui.music.chord import Chord, parse_chord

LINK_VERSION = 1
"""Raised whenever a message changes in a way that an older client would misread."""

T = TypeVar("T")
Plain = Any  # JSON has no narrower static type that json.loads would honour


@cache
def _field_names(cls: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls))


def to_plain(value: object) -> Plain:
    """``value`` as JSON-able lists, dicts and scalars. Chords travel as their symbols."""
    # Twenty snapshots a second are written while music plays: one look-up by type, not a row of questions.
    writer = _WRITERS.get(type(value))
    if writer is None:
        writer = _WRITERS[type(value)] = _writer(type(value))
    return writer(value)


def _as_it_is(value: Any) -> Plain:
    return value


def _each(value: Any) -> Plain:
    return [to_plain(v) for v in value]


def _mapping(value: Any) -> Plain:
    return {str(to_plain(k)): to_plain(v) for k, v in value.items()}


_WRITERS: dict[type, Callable[[Any], Plain]] = {}
"""How values of a type are made plain, for the types that were met."""


def _writer(cls: type) -> Callable[[Any], Plain]:
    """A function that makes values of ``cls`` plain."""
    if issubclass(cls, Chord):
        return attrgetter("symbol")
    if issubclass(cls, Enum):
        return attrgetter("value")
    if cls is type(None) or issubclass(cls, (str, int, float)):
        return _as_it_is
    if issubclass(cls, (tuple, list)):
        return _each
    if issubclass(cls, dict):
        return _mapping
    if is_dataclass(cls):
        names = _field_names(cls)
        return lambda value: {name: to_plain(getattr(value, name)) for name in names}
    raise TypeError(f"cannot put a {cls.__name__} on the link")


def _reader(hint: Any) -> Callable[[Plain], Any]:
    """A function that reads a plain value as the annotated type ``hint``."""
    origin = get_origin(hint)
    args = get_args(hint)
    if hint is Any or hint is object:
        return lambda v: v
    if hint is Chord:
        return lambda v: parse_chord(str(v))
    if origin in (Union, types.UnionType):
        inner = [a for a in args if a is not type(None)]
        if len(inner) != 1:
            return lambda v: v
        read = _reader(inner[0])
        return lambda v: None if v is None else read(v)
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            each = _reader(args[0])
            return lambda v: tuple(each(x) for x in v)
        readers = [_reader(a) for a in args]
        return lambda v: tuple(r(x) for r, x in zip(readers, v, strict=True))
    if origin in (dict, typing.get_origin(typing.Mapping[str, str])):
        key, item = _reader(args[0]), _reader(args[1])
        return lambda v: {key(k): item(x) for k, x in v.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda v: from_plain(hint, v)
    if hint is float:
        return float
    return typing.cast(Callable[[Plain], Any], hint)


@cache
def _readers(cls: type) -> dict[str, Callable[[Plain], Any]]:
    hints = get_type_hints(cls)
    return {name: _reader(hints[name]) for name in _field_names(cls)}


def from_plain(cls: type[T], data: Plain) -> T:
    """The dataclass ``cls`` from a plain dict; fields that it does not know are ignored.

    Raises:
        LinkError: a field is missing or of another shape.
    """
    readers = _readers(typing.cast(type, cls))
    try:
        return cls(**{name: readers[name](value) for name, value in data.items() if name in readers})
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise LinkError(
            f"a {cls.__name__} from another jamtui process cannot be read ({error}); "
            "run `jamtui stop`, then start again"
        ) from error


def encode(kind: str, body: object = None) -> bytes:
    """One message of type ``kind`` as UTF-8 JSON."""
    return json.dumps(
        {"v": LINK_VERSION, "t": kind, "b": to_plain(body)}, separators=(",", ":"), ensure_ascii=False
    ).encode()


def decode(data: bytes) -> tuple[str, Plain]:
    """Type and plain body of a message.

    Raises:
        LinkError: not a message, or one of another version.
    """
    try:
        message = json.loads(data)
        version, kind, body = message["v"], message["t"], message.get("b")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LinkError("something that is not a jamtui message came over the link") from error
    if version != LINK_VERSION:
        raise LinkError(
            f"the running band speaks link version {version}, this program {LINK_VERSION}; "
            "run `jamtui stop`, then start again"
        )
    return str(kind), body
