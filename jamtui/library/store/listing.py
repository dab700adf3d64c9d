"""Lists of phrases for people: a page at a time, whatever the size of the library."""

from collections.abc import Sequence

import apsw

from jamtui.library.records import Choice
from jamtui.library.store.rows import Row

MOST_FILES = 500
"""Files whose phrases are listed, of those whose names fit, the newest."""


def styles(connection: apsw.Connection) -> set[str]:
    """The styles that any phrase ever had."""
    return {str(row[0]) for row in connection.execute("select distinct style from shelves")}


def listed(connection: apsw.Connection, choice: Choice, first: int, count: int) -> tuple[int, list[int]]:
    """How many phrases ``choice`` means, and the numbers of ``count`` of them from ``first`` on, the newest
    phrase first."""
    where: list[str] = []
    values: list[int] = []
    if choice.only in ("kept", "banned"):
        where.append(choice.only)
    if choice.role or choice.style is not None:
        sql = "select id from shelves where (?1 = '' or role = ?1) and (?2 is null or style = ?2)"
        where.append(_among("shelf", connection.execute(sql, (choice.role, choice.style)).fetchall(), values))
    if choice.named:
        near = choice.named.casefold()
        rows = connection.execute("select id, path, title from sources order by id desc")
        found = [row for row in rows if near in f"{row[1]} {row[2]}".casefold()]
        where.append(_among("source", found[:MOST_FILES], values))
    chosen = f"from phrases where {' and '.join(where)}" if where else "from phrases"
    total = connection.execute(f"select count(*) {chosen}", values).fetchone()
    # Marked phrases are few and have an index of their own; all others are met on the way down.
    order = "+id" if choice.only else "id"
    sql = f"select id {chosen} order by {order} desc limit ? offset ?"
    numbers = [int(row[0]) for row in connection.execute(sql, (*values, count, first))]
    return int(total[0]) if total else 0, numbers


def _among(column: str, rows: Sequence[Row], values: list[int]) -> str:
    """A condition that ``column`` is the first of one of ``rows``; its parameters go to ``values``."""
    values += [int(row[0]) for row in rows]
    return f"{column} in ({','.join('?' * len(rows))})"
