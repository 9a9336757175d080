"""The little of SQL that a `where` of `get_entry_list` needs, as the database would answer it.

It is SQL as it is sent, which is the trap: `x = 'O\\'Brien' OR 1=1` returns everything. Subqueries pass SuiteCRM's own
check only over the tables of e-mail addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

_TOKEN = re.compile(
    r"""\s+ | --[^\n]* | \#[^\n]*
      | (?P<text>'(?:[^'\\]|\\.|'')*') | (?P<number>\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?) | (?P<sign><>|!=|<=|>=|[=<>(),])""",
    re.VERBOSE,
)
_DIGITS = re.compile(r"%(?:\d%)+")
_ALLOWED = frozenset({"email_addr_bean_rel", "email_addresses"})

Token = tuple[str, str]


class BadSql(Exception):
    """The database refuses it: the service dies."""


class Refused(Exception):
    """The service's own check refuses it."""


class Table(Protocol):
    """What a condition is asked of."""

    name: str

    def ids(self) -> set[str]:
        """All rows, deleted ones too."""
        ...

    def column(self, name: str) -> Callable[[str], str]:
        """Reads a column of a row by its id; raises `BadSql` if there is no such column."""
        ...

    def with_digits(self, column: str, digits: str) -> set[str]:
        """Rows whose column has these digits in this order, whatever lies between."""
        ...

    def with_address(self, caps: str) -> set[str]:
        """Rows with this e-mail address, in capitals."""
        ...


def ids(where: str, table: Table) -> set[str]:
    """The rows for which it is true.

    Raises:
        BadSql: it is no condition of this table.
        Refused: it asks what SuiteCRM's check does not let through.
    """
    if not where.strip():
        return table.ids()
    parser = _Parser(_tokens(where), table)
    found = parser.either()
    if parser.at is not None:
        raise BadSql(f"unexpected {parser.at[1]!r}")
    return found


def _tokens(where: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(where):
        found = _TOKEN.match(where, position)
        if found is None:
            raise BadSql(f"unexpected {where[position]!r}")
        position = found.end()
        if found.lastgroup == "text":
            tokens.append(("text", re.sub(r"\\(.)|''", lambda part: part[1] or "'", found[0][1:-1])))
        elif found.lastgroup:
            tokens.append((found.lastgroup, found[0]))
    return tokens


class _Parser:
    """Reads conditions from left to right, and answers each with a set of ids."""

    def __init__(self, tokens: list[Token], table: Table) -> None:
        self._tokens = tokens
        self._next = 0
        self._table = table

    @property
    def at(self) -> Token | None:
        """The token that comes next; None at the end."""
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def either(self) -> set[str]:
        found = self._both()
        while self._take("OR"):
            found = found | self._both()
        return found

    def _both(self) -> set[str]:
        found = self._one()
        while self._take("AND"):
            found = found & self._one()
        return found

    def _one(self) -> set[str]:
        if self._take("NOT"):
            return self._table.ids() - self._one()
        if self._take("("):
            found = self.either()
            self._must(")")
            return found
        kind, text = self._any()
        if kind != "word":
            return self._constant(text)
        return self._condition(text)

    def _constant(self, left: str) -> set[str]:
        sign = self._any()[1]
        right = self._any()[1]
        holds = {"=": left == right, "<>": left != right, "!=": left != right}.get(sign)
        if holds is None:
            raise BadSql(f"unexpected {sign!r}")
        return self._table.ids() if holds else set()

    def _condition(self, word: str) -> set[str]:
        column = self._column_name(word)
        inverse = self._take("NOT")
        if self._take("IN"):
            found = self._within(column)
        elif self._take("LIKE"):
            found = self._like(column, self._value())
        elif self._take("IS"):
            inverse = self._take("NOT")
            self._must("NULL")
            found = self._equal(column, {""})
        else:
            found = self._compared(column)
        return self._table.ids() - found if inverse else found

    def _compared(self, column: str) -> set[str]:
        sign = self._any()[1]
        value = self._value().casefold()
        read = self._table.column(column)
        tests: dict[str, Callable[[str], bool]] = {
            "=": lambda held: held == value,
            "<>": lambda held: held != value,
            "!=": lambda held: held != value,
            "<": lambda held: held < value,
            "<=": lambda held: held <= value,
            ">": lambda held: held > value,
            ">=": lambda held: held >= value,
        }
        if sign not in tests:
            raise BadSql(f"unexpected {sign!r}")
        return {each for each in self._table.ids() if tests[sign](read(each).casefold())}

    def _within(self, column: str) -> set[str]:
        self._must("(")
        if self._take("SELECT"):
            if column != "id":
                raise BadSql(f"a subquery for {column}")
            return self._of_addresses()
        values = {self._value().casefold()}
        while self._take(","):
            values.add(self._value().casefold())
        self._must(")")
        return self._equal(column, values)

    def _equal(self, column: str, values: set[str]) -> set[str]:
        read = self._table.column(column)
        return {each for each in self._table.ids() if read(each).casefold() in values}

    def _like(self, column: str, pattern: str) -> set[str]:
        read = self._table.column(column)
        if _DIGITS.fullmatch(pattern):
            return self._table.with_digits(column, pattern.replace("%", ""))
        parts = (".*" if char == "%" else "." if char == "_" else re.escape(char) for char in pattern)
        wanted = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
        return {each for each in self._table.ids() if wanted.fullmatch(read(each))}

    def _of_addresses(self) -> set[str]:
        """`SELECT rel.bean_id FROM ... WHERE ...`, of which the tables and the addresses count."""
        depth, inside = 1, []
        while depth:
            kind, text = self._any()
            depth += {"(": 1, ")": -1}.get(text, 0) if kind == "sign" else 0
            inside.append((kind, text))
        words = [text for kind, text in inside if kind == "word"]
        _check_tables(words)
        caps = [index for index, token in enumerate(inside) if token[1].lower().endswith("email_address_caps")]
        if len(caps) != 1:
            raise BadSql("a subquery that the model does not know")
        wanted = [text for kind, text in inside[caps[0] :] if kind == "text"]
        return set().union(*(self._table.with_address(text.upper()) for text in wanted))

    def _column_name(self, word: str) -> str:
        table, dot, column = word.rpartition(".")
        if dot and table.lower() not in {self._table.name, f"{self._table.name}_cstm"}:
            raise BadSql(f"unknown table {table}")
        return column.lower()

    def _value(self) -> str:
        kind, text = self._any()
        if kind not in {"text", "number"}:
            raise BadSql(f"unexpected {text!r}")
        return text

    def _any(self) -> Token:
        token = self.at
        if token is None:
            raise BadSql("unexpected end")
        self._next += 1
        return token

    def _take(self, wanted: str) -> bool:
        token = self.at
        if token is None or token[0] == "text" or token[1].upper() != wanted:
            return False
        self._next += 1
        return True

    def _must(self, wanted: str) -> None:
        if not self._take(wanted):
            raise BadSql(f"expected {wanted}")


def _check_tables(words: list[str]) -> None:
    """Only tables of e-mail addresses in a subquery, no subquery in it, and it has a WHERE."""
    upper = [word.upper() for word in words]
    after = {"FROM", "JOIN"}
    tables = {word.lower() for before, word in zip(upper, words[1:], strict=False) if before in after}
    if not tables or not tables <= _ALLOWED or "SELECT" in upper or "UNION" in upper or "WHERE" not in upper:
        raise Refused("a subquery over other tables")
