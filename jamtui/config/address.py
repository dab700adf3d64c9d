"""Addresses of servers as musicians write them."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """A server's. ``port``: None where none is given; ``path`` without a slash at its end."""

    scheme: str
    name: str
    port: int | None
    path: str


def read_address(host: str) -> Address | None:
    """``host`` (a name or address, with or without port and scheme; empty: this machine) in its parts; None
    where it is no address."""
    text = host.strip()
    if "//" not in text and not text.startswith("[") and text.count(":") > 1:
        text = f"[{text}]"  # an IPv6 address as it is
    try:
        parts = urlsplit(text if "//" in text else f"http://{text}")
        name, port = parts.hostname or ("127.0.0.1" if not text else ""), parts.port
    except ValueError:
        return None
    path = parts.path.rstrip("/")
    if (
        not name
        or parts.scheme not in ("http", "https")
        or not (name + path).isprintable()
        or " " in name + path
    ):
        return None
    return Address(parts.scheme, name, port, path)
