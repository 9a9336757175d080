"""The closed vocabulary of mappings: every converter with its options, and every condition.

What is not here cannot be written in a mapping. The functions behind the converter names live in `transforms`; this
module only says what may be asked of them, and is loaded by the compiler and the tools, never by a Lambda function.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain.money import CURRENCY_DIGITS
from mappings.formats import FORMAT_HELP, check_day_format, check_day_formats, check_zone
from mappings.paths import check_path

PathText = Annotated[str, Field(min_length=1), AfterValidator(check_path)]


def _one_value(value: object) -> object:
    if isinstance(value, str | int | bool):
        return value
    raise ValueError(f"expected one value: text, a whole number, true or false (found {value!r:.60})")


Scalar = Annotated[str | int | bool, BeforeValidator(_one_value)]


def _one_or_several(value: object) -> str:
    return "several" if isinstance(value, list) else "one"


def _known_event(event: str, info: ValidationInfo) -> str:
    return _known(event, info, "events", "event")


def _known_table(table: str, info: ValidationInfo) -> str:
    return _known(table, info, "tables", "table")


def _known_condition(name: str, info: ValidationInfo) -> str:
    return _known(name, info, "conditions", "condition")


def _known(name: str, info: ValidationInfo, where: str, noun: str) -> str:
    declared = (info.context or {}).get(where, {})
    if name not in declared:
        raise ValueError(f"{noun} {name!r} is not declared under `{where}`; declared: {', '.join(declared) or 'none'}")
    return name


EventName = Annotated[str, AfterValidator(_known_event)]
TableName = Annotated[str, AfterValidator(_known_table)]
PathOrPaths = Annotated[
    Annotated[PathText, Tag("one")] | Annotated[list[PathText], Field(min_length=1), Tag("several")],
    Discriminator(_one_or_several),
]
EventList = Annotated[
    Annotated[bool, Tag("one")] | Annotated[list[EventName], Field(min_length=1), Tag("several")],
    Discriminator(_one_or_several),
]


class Entry(BaseModel):
    """Base of everything in a mapping file: no key that we did not name, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


def _condition_tag(value: object) -> str:
    return "condition" if isinstance(value, dict | ConditionEntry) else "name"


class ConditionEntry(Entry):
    """When something counts: `path` with one test, or `all`, `any` or `not` of other conditions."""

    path: PathText | None = None
    table: TableName | None = Field(None, description="Translate by this table first; what it lacks counts as absent.")
    equals: Scalar | None = None
    in_: list[Scalar] | None = Field(None, alias="in", min_length=1)
    not_in: list[Scalar] | None = Field(None, min_length=1)
    contains: str | None = Field(None, pattern=r"\S", description="The value's text has this in it.")
    present: Literal[True] | None = Field(None, description="There is a value: not absent, null or empty.")
    absent: Literal[True] | None = Field(None, description="There is no value: absent, null or empty.")
    equals_path: PathText | None = None
    all_: list[ConditionRef] | None = Field(None, alias="all", min_length=1)
    any_: list[ConditionRef] | None = Field(None, alias="any", min_length=1)
    not_: ConditionRef | None = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = [self.equals, self.in_, self.not_in, self.contains, self.present, self.absent, self.equals_path]
        joins = [self.all_, self.any_, self.not_]
        tested = sum(test is not None for test in tests)
        joined = sum(join is not None for join in joins)
        looks = self.path is not None and tested == 1 and joined == 0
        if not looks and not (self.path is None and self.table is None and tested == 0 and joined == 1):
            raise ValueError(
                "a condition is `path` with one of equals, in, not_in, contains, present, absent, equals_path; "
                "or one of all, any, not"
            )
        return self


#: A condition, or the name of one under `conditions`.
ConditionRef = Annotated[
    Annotated[str, AfterValidator(_known_condition), Tag("name")] | Annotated[ConditionEntry, Tag("condition")],
    Discriminator(_condition_tag),
]


class RuleEntry(Entry):
    """What every rule may say, whatever its converter."""

    path: PathOrPaths | None = Field(None, description="Where the value stands; of several, the first present wins.")
    join: list[PathText] | None = Field(None, min_length=2, description="The values present here, joined by a space.")
    default: Scalar | None = Field(None, description="Stands in where there is no value; converted like one.")
    default_for: list[EventName] | None = Field(None, min_length=1, description="Event types the default applies to.")
    required: EventList = Field(default=False, description="true, or the event types that must carry a value.")
    when: ConditionRef | None = Field(None, description="The rule is skipped unless this holds.")

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if self.path is not None and self.join is not None:
            raise ValueError("a rule has `path` or `join`, not both")
        if self.path is None and self.join is None and self.default is None:
            raise ValueError("a rule needs a `path` (or `join`), or at least a `default` for a constant")
        if self.default_for is not None and self.default is None:
            raise ValueError("`default_for` needs a `default`")
        return self

    @model_validator(mode="after")
    def _default_spares_partial_events(self, info: ValidationInfo) -> Self:
        complete = (info.context or {}).get("absent") == "clear"
        if self.default is not None and self.default_for is None and not complete:
            raise ValueError(
                "a default would overwrite newer values whenever a partial event lacks the path; "
                "name the complete events with `default_for`"
            )
        return self


#: The keys of a rule that are not options of its converter.
RULE_KEYS = frozenset(RuleEntry.model_fields)


class Money(RuleEntry):
    """An amount such as 525000, "525000", "740000.0" or "$525,000.00". Never a float, never rounded."""

    as_: Literal["money"] = Field(alias="as")
    currency: Literal[tuple(CURRENCY_DIGITS)] = "USD"  # type: ignore[valid-type] # one list of currencies, in domain
    minor_units: bool = Field(default=False, description="The number counts cents: 1099 is 10.99.")


class Percent(RuleEntry):
    """A percentage from 0 to 100: 2.5, "2.5", "2.5 %". A written % sign always means "of 100"."""

    as_: Literal["percent"] = Field(alias="as")
    of: Literal["hundred", "one"] = Field("hundred", description="`one`: 0.025 means 2.5 %.")


class Fraction(RuleEntry):
    """An exact part of a whole, more than 0 and at most 1: "1/3", "50%", "0.5"."""

    as_: Literal["fraction"] = Field(alias="as")
    of: Literal["hundred", "one"] = Field("one", description="`hundred`: 50 means one half.")


class Alike(Entry):
    """Our agents of one side, as many as are found, have equal parts of it."""

    as_: Literal["alike"] = Field(alias="as")
    when: ConditionRef | None = Field(None, description="Only entries of which this holds share alike.")


class Day(RuleEntry):
    """A calendar day. An ISO instant or a count becomes the day it is in the office's zone, or in `zone`."""

    as_: Literal["day"] = Field(alias="as")
    formats: list[Annotated[str, AfterValidator(check_day_format)]] = Field(
        default=["iso"], min_length=1, description=FORMAT_HELP
    )
    zone: Annotated[str, AfterValidator(check_zone)] | None = Field(
        None, description="In which counts and instants are read as a day; default: the office's zone."
    )
    _unambiguous = field_validator("formats")(check_day_formats)


class Instant(RuleEntry):
    """A moment: ISO 8601 with Z or an offset and any number of fraction digits, or a count since 1970."""

    as_: Literal["instant"] = Field(alias="as")
    formats: list[Literal["iso", "unix_seconds", "unix_millis"]] = Field(default=["iso"], min_length=1)
    zone: Annotated[str, AfterValidator(check_zone)] | None = Field(
        None, description="Of times written without an offset; default: the office's zone."
    )


class Text(RuleEntry):
    """Text or a number as text: NFC, without control characters, white space trimmed and collapsed."""

    as_: Literal["text"] = Field(alias="as")
    max: int = Field(1000, ge=1, le=10_000, description="The most characters it may have.")


class Identifier(RuleEntry):
    """An id or code, as text or whole number; at most 200 characters, kept as it is."""

    as_: Literal["identifier"] = Field(alias="as")


class Integer(RuleEntry):
    """A whole number: 7, "7", 7.0."""

    as_: Literal["integer"] = Field(alias="as")


class Boolean(RuleEntry):
    """true/false, yes/no, y/n, 1/0."""

    as_: Literal["boolean"] = Field(alias="as")


class Enum(RuleEntry):
    """A code of ours, looked up in a table by the trimmed text in any letter case."""

    as_: Literal["enum"] = Field(alias="as")
    table: TableName
    otherwise: str | None = Field(None, description="Our code for whatever the table lacks; without it, an error.")


class Phone(RuleEntry):
    """A phone number in E.164: "(406) 555-0123 ext 12" is `+14065550123;ext=12`."""

    as_: Literal["phone"] = Field(alias="as")
    region: str = Field("US", pattern="^[A-Z]{2}$", description="Of numbers written without a country code.")
    lenient: bool = Field(default=True, description="Leave out what does not parse, with a warning.")


class Email(RuleEntry):
    """An e-mail address, in lower case."""

    as_: Literal["email"] = Field(alias="as")
    lenient: bool = Field(default=True, description="Leave out what does not parse, with a warning.")


class State(RuleEntry):
    """A US state, territory or Canadian province, by name or code, as its two letters."""

    as_: Literal["state"] = Field(alias="as")


class Zip(RuleEntry):
    """A ZIP code of 5 or 9 digits ("59803-1234"), or a Canadian postal code ("T2P 1J9")."""

    as_: Literal["zip"] = Field(alias="as")


class NameSplit(RuleEntry):
    """The first or the last name out of a full one: "Ana de la Cruz", "Cruz, Ana", "John Smith Jr."."""

    as_: Literal["name_split"] = Field(alias="as")
    part: Literal["first", "last"]


#: Every converter by its name.
CONVERTERS: dict[str, type[RuleEntry]] = {
    str(model.model_fields["as_"].annotation.__args__[0]): model  # type: ignore[union-attr] # each `as_` is a Literal
    for model in (
        Money, Percent, Fraction, Day, Instant, Text, Identifier, Integer, Boolean, Enum, Phone, Email, State, Zip,
        NameSplit,
    )
}  # fmt: skip


def options_of(rule: RuleEntry) -> dict[str, Any]:
    """What a rule asks of its converter, defaults included."""
    return {key: value for key, value in rule if key not in RULE_KEYS and key not in {"as_", "lenient"}}
