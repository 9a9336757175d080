"""One line of a CRM mapping: a field of the CRM, what fills it and how; every mistake in it is noted with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from domain.crm.rows import Kind
from mappings.compiler.rows import Row
from mappings.crm.model import TEXTUAL, Form, Owner
from mappings.crm.sources import SOURCES, Source
from mappings.plain_words import suggestion

_KEYS = {"from", "as", "owner", "max", "scale", "table", "default", "required", "link"}
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}")

#: SuiteCRM puts a role into SQL as it is (data/Relationships/SugarRelationship.php); commas separate several.
_ROLE = re.compile(r"[A-Za-z0-9 &/()-]{1,50}")

#: Amounts in cents; a percentage has as many decimals as its line says.
_CENTS = 2


class LineReader:
    """Reads the lines of one kind of rows."""

    def __init__(self, kind: Kind, tables: Mapping[str, Mapping[str, str]]) -> None:
        self.kind = kind
        self.sources: Mapping[str, Source] = SOURCES[kind]
        self.tables = tables

    def line(self, name: str, row: Row) -> dict[str, Any]:
        """The line as the run time reads it; notes what is wrong.

        Raises:
            WrongError: the line cannot be read at all.
        """
        if not _FIELD.fullmatch(name):
            row.note("is no field of the CRM; expected lower-case letters, digits and underscores")
        row.only(_KEYS)
        owner = Owner(row.one_of("owner", set(Owner))) if "owner" in row.values else Owner.DEALWIRE
        if owner is Owner.CRM:
            if row.values.keys() & (_KEYS - {"owner"}):
                row.fail("is people's (owner: crm); nothing else can stand here")
            return {"source": "", "form": Form.TEXT, "owner": owner, "line": row.tree.line(row.path)}
        source = self._source(row)
        form = self._form(row, source)
        built = {
            "source": row.values["from"],
            "form": form,
            "owner": owner,
            "length": self._length(row, form),
            "scale": self._scale(row, form),
            "table": self._table(row, form, source),
            "default": self._default(row, source),
            "required": row.flag("required") if "required" in row.values else False,
            "link": row.text("link") if "link" in row.values else "",
            "line": row.tree.line(row.path),
        }
        return {key: value for key, value in built.items() if value not in ("", 0, False) or key == "line"}

    def _source(self, row: Row) -> Source:
        if "from" not in row.values:
            row.fail("names no source; add `from`, or `owner: crm` if it is people's")
        name = row.text("from")
        if name not in self.sources:
            row.fail(f"is {name!r}, which is nothing of a {self.kind}; {suggestion(name, self.sources)}", "from")
        return self.sources[name]

    def _form(self, row: Row, source: Source) -> Form:
        form = Form(row.one_of("as", set(Form)))
        if form not in source.forms:
            fits = ", ".join(source.forms)
            row.fail(f"is {form.value!r}, but {row.values['from']} can be written as {fits} only", "as")
        return form

    def _length(self, row: Row, form: Form) -> int:
        if form in TEXTUAL:
            return self._whole(row, "max", 65535)
        if "max" in row.values:
            row.note(f"says nothing about {form.value}; remove it", "max")
        return 0

    def _scale(self, row: Row, form: Form) -> int:
        if form is Form.DECIMAL:
            return self._whole(row, "scale", 12)
        if "scale" in row.values:
            row.note(f"says nothing about {form.value}; remove it", "scale")
        return _CENTS if form is Form.MONEY else 0

    def _whole(self, row: Row, key: str, most: int) -> int:
        value = row.values.get(key)
        if type(value) is not int or not 0 < value <= most:
            row.fail(f"is {'missing' if value is None else repr(value)}; expected a whole number up to {most}", key)
        return value

    def _table(self, row: Row, form: Form, source: Source) -> str:
        if form is not Form.ENUM:
            if "table" in row.values:
                row.note(f"translates nothing, as {form.value} sends the value as it is; write `as: enum`", "table")
            return ""
        name = row.text("table")
        if name not in self.tables:
            row.fail(f"is {name!r}, which is no table of this file; {suggestion(name, self.tables)}", "table")
        self._check_codes(row, name, source)
        return name

    def _check_codes(self, row: Row, name: str, source: Source) -> None:
        table = self.tables[name]
        missing = [code for code in source.codes if code not in table]
        unknown = [code for code in table if code not in source.codes]
        if missing:
            row.note(f"{name!r} has no entry for {', '.join(missing)}; add it there", "table")
        if unknown:
            row.note(
                f"{name!r} translates {', '.join(unknown)}, which {row.values['from']} never is; remove it", "table"
            )
        if self.kind is Kind.LINK:
            wrong = [label for label in table.values() if not _ROLE.fullmatch(label)]
            if wrong:
                row.note(
                    f"{name!r} gives {', '.join(map(repr, wrong))}; a role has letters, digits, blanks, &/()-", "table"
                )

    def _default(self, row: Row, source: Source) -> str:
        if "default" not in row.values:
            return ""
        value = row.text("default")
        if source.codes and value not in source.codes:
            row.fail(f"is {value!r}; {suggestion(value, source.codes)}", "default")
        return value
