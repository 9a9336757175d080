"""The shape of a mapping file as models: what the compiler checks, and what editors complete by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from domain.deal import DEAL_FIELDS, GROUPS, PERSON_FIELDS, DealDetails
from domain.money import Money as MoneyValue
from domain.terms import Role, Side
from mappings.compiler.files import SOURCE_NAME
from mappings.compiler.vocabulary import (
    CONVERTERS,
    Alike,
    ConditionEntry,
    ConditionRef,
    Entry,
    Enum,
    Fraction,
    PathOrPaths,
    PathText,
    RuleEntry,
)
from mappings.formats import check_zone

#: Which converters can fill a text field.
TEXT_CONVERTERS = ("text", "identifier", "state", "zip", "phone", "email", "name_split", "integer")
_BY_TYPE: dict[object, str] = {MoneyValue: "money", Decimal: "percent", date: "day"}


def _targets_in(codes: type[StrEnum]) -> Callable[[RuleEntry, ValidationInfo], RuleEntry]:
    """A validator: every code that the rule can give is one of ours."""

    def check(rule: RuleEntry, info: ValidationInfo) -> RuleEntry:
        if isinstance(rule, Enum):
            table = (info.context or {}).get("tables", {}).get(rule.table, {})
            given = {str(code) for code in (table.values() if isinstance(table, dict) else ())}
            given |= {rule.otherwise} if rule.otherwise is not None else set()
            unknown = sorted(given - set(codes))
            if unknown:
                raise ValueError(
                    f"table {rule.table!r} gives {', '.join(map(repr, unknown))}, which is no {codes.__name__}; "
                    f"ours are: {', '.join(codes)}"
                )
        return rule

    return check


def _tag(value: object) -> str | None:
    """The converter a rule names, as pydantic sees rules: dicts when read, models when written."""
    name = value.get("as") if isinstance(value, dict) else getattr(value, "as_", None)
    return name if isinstance(name, str) else None


def _one_rule(names: Iterable[str]) -> Any:
    """A rule whose converter is one of these."""
    models = [Annotated[CONVERTERS[name], Tag(name)] for name in names]
    return Annotated[reduce(or_, models), Discriminator(_tag)] if len(models) > 1 else CONVERTERS[next(iter(names))]


def _alternatives(names: Iterable[str], codes: type[StrEnum] | None = None) -> Any:
    """One rule, or a list of which the first that finds a value wins."""
    names = list(names)
    rule = _one_rule(names)
    if codes is not None:
        rule = Annotated[rule, AfterValidator(_targets_in(codes))]
    several = Annotated[list[rule], Field(min_length=1), Tag("several")]  # type: ignore[valid-type] # built at run time
    return Annotated[
        Annotated[rule, Tag("one")] | several,
        Discriminator(lambda value: "several" if isinstance(value, list) else "one"),
    ]


def converters_for(annotation: object) -> tuple[list[str], type[StrEnum] | None]:
    """The converters that can fill a field of this type, and its codes if it is an enum."""
    kind = next(part for part in get_args(annotation) if part is not type(None))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ["enum"], kind
    return ([_BY_TYPE[kind]], None) if kind in _BY_TYPE else (list(TEXT_CONVERTERS), None)


def _annotation(field: str) -> object:
    group, _, name = field.rpartition(".")
    return (GROUPS[group] if group else DealDetails).model_fields[name].annotation


def _fields_model(name: str, rules: dict[str, Any], doc: str) -> Any:
    """A model with one optional alternative-of-rules per canonical field, spelled as in `rules`."""
    fields: dict[str, Any] = {
        field.replace(".", "__"): (rule | None, Field(None, alias=field)) for field, rule in rules.items()
    }
    return create_model(name, __base__=Entry, __doc__=doc, **fields)


DealFields: Any = _fields_model(
    "DealFields",
    {field: _alternatives(*converters_for(_annotation(field))) for field in sorted(DEAL_FIELDS)},
    "Canonical field of the deal to the rule that fills it.",
)
PersonFields: Any = _fields_model(
    "PersonFields",
    {field: _alternatives(TEXT_CONVERTERS) for field in PERSON_FIELDS},
    "Field of a person or company to the rule that fills it.",
)

TextRule: Any = _alternatives(("text", "identifier"))
InstantRule: Any = _alternatives(("instant",))
SideRule: Any = _alternatives(("enum",), Side)
RoleRule: Any = _alternatives(("enum",), Role)


def _share_tag(value: object) -> str | None:
    return "word" if isinstance(value, str) else _tag(value)


def _nothing_behind_alike(shares: list[object]) -> list[object]:
    if any(share == "alike" or isinstance(share, Alike) for share in shares[:-1]):
        raise ValueError("`alike` takes whatever is left; put it last")
    return shares


#: A part of the side by a fraction, or `alike`; the word alone stands for `{as: alike}`.
OneShare = Annotated[
    Annotated[Literal["alike"], Tag("word")] | Annotated[Fraction, Tag("fraction")] | Annotated[Alike, Tag("alike")],
    Discriminator(_share_tag),
]
ShareRule = Annotated[
    Annotated[OneShare, Tag("one")]
    | Annotated[list[OneShare], Field(min_length=1), AfterValidator(_nothing_behind_alike), Tag("several")],
    Discriminator(lambda value: "several" if isinstance(value, list) else "one"),
]


class Provenance(Entry):
    """Where the knowledge about this format comes from."""

    doc: str = Field(min_length=1, description="Link to the provider's page, or our page about the source.")
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="When it was last compared with the provider.")


class OrderMarkEntry(Entry):
    """What makes one event newer than another."""

    kind: Literal["version", "timestamp", "fetched"]
    path: PathOrPaths | None = Field(
        None, description="Of several, the first present wins; only `fetched` may omit it."
    )
    formats: list[Literal["iso", "unix_seconds", "unix_millis"]] = Field(default=["iso"], min_length=1)
    zone: Annotated[str, AfterValidator(check_zone)] | None = None

    @model_validator(mode="after")
    def _path_unless_fetched(self) -> Self:
        if self.path is None and self.kind != "fetched":
            raise ValueError("a `version` or `timestamp` mark needs the `path` it stands at")
        return self


class IdEntry(Entry):
    """Where an id stands. Ids are kept as they are, as text or whole numbers of at most 200 characters."""

    path: PathOrPaths
    as_: Literal["identifier", "email"] = Field(
        "identifier", alias="as", description="`email`: an address, compared in lower case."
    )


class MergedEntry(IdEntry):
    """Where other ids of the deal stand. Of several paths all that hold a value count."""

    when: ConditionRef | None = Field(None, description="The ids count only if this holds.")


#: One place of other ids of the deal, or several, each with its own condition.
MergedEntries = Annotated[
    Annotated[MergedEntry, Tag("one")] | Annotated[list[MergedEntry], Field(min_length=1), Tag("several")],
    Discriminator(lambda value: "several" if isinstance(value, list) else "one"),
]


class DealEntry(Entry):
    """How to read the deal."""

    id: IdEntry
    merged: MergedEntries | None = Field(
        None, description="Other ids of the same deal, from before the source merged deals of its own."
    )
    stage_reason: TextRule | None = None
    fields: DealFields


class ParticipantsEntry(Entry):
    """How to read everyone on the deal except our own agents. Paths look at one entry; `$.` at the whole payload."""

    each: PathText
    when: ConditionRef | None = None
    id: IdEntry | None = None
    role: RoleRule
    fields: PersonFields


class AgentsEntry(Entry):
    """How to tell our own agents. Paths look at one entry; `$.` at the whole payload."""

    each: PathText
    when: ConditionRef | None = None
    id: IdEntry
    side: SideRule
    share: ShareRule | None = None


class MappingFile(Entry):
    """A Dealwire mapping: from one source's payload to the canonical deal."""

    source: str = Field(pattern=f"^{SOURCE_NAME}$", description="The name in the webhook path; also the file's name.")
    version: int = Field(ge=1, description="Raise it with every change of meaning; events remember it.")
    provenance: Provenance
    events: list[str] = Field(min_length=1, description="The event types that it applies to.")
    order_mark: OrderMarkEntry
    occurred_at: InstantRule | None = None
    nulls: Literal["clear", "keep"] = Field("clear", description="What an explicit null or an empty text means.")
    absent: Literal["clear", "keep"] = Field("keep", description="`clear` only where documents are always complete.")
    blanks: list[str] = Field(default=["--"], description='Texts that mean "no value", besides the empty one.')
    conditions: dict[str, ConditionEntry] = Field(default={}, description="Conditions by name, for use in `when`.")
    tables: dict[str, dict[str, str]] = Field(default={}, description="Their code, in any letter case, to ours.")
    deal: DealEntry
    participants: ParticipantsEntry | None = None
    agents: AgentsEntry | None = None
    unused_ok: list[str] = Field(default=[], description="Payload paths nobody needs; not listed by previews.")

    @field_validator("tables")
    @classmethod
    def _codes_differ_by_more_than_case(cls, tables: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for name, table in tables.items():
            folded = [fold(code) for code in table]
            twice = sorted({code for code in folded if folded.count(code) > 1})
            if twice:
                raise ValueError(
                    f"table {name!r} has {', '.join(map(repr, twice))} twice but for letter case; keep one"
                )
        return tables


def fold(code: str) -> str:
    """How codes are compared: trimmed, in any letter case."""
    return " ".join(code.split()).casefold()
