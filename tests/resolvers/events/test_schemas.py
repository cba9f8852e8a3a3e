"""What may change in an event, and whether a listener can read it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from resolvers.events.declaration import declaration_of, event
from resolvers.events.schemas import incompatibilities, reader_problems, schema_of
from resolvers.events.subscriptions import subscribe


class Kind(Enum):
    BIG = "big"
    SMALL = "small"


class OtherKind(Enum):
    BIG = "big"


@dataclass(frozen=True)
class Line:
    sku: str
    quantity: int


def declared(name: str, about: str = "id", **types: Any) -> dict[str, Any]:
    """The schema of an event with these fields; a pair is a type with a default."""
    fields: dict[str, Any] = {"__annotations__": {}}
    for each, kind in types.items():
        fields["__annotations__"][each] = kind[0] if isinstance(kind, tuple) else kind
        if isinstance(kind, tuple):
            fields[each] = field(default_factory=lambda value=kind[1]: value)
    cls = event(f"told.{name}", version=1, about=about)(dataclass(frozen=True)(type("Some", (), fields)))
    return schema_of(declaration_of(cls))


BASE = {"id": UUID, "lines": tuple[Line, ...], "total": Decimal, "kind": Kind, "at": datetime}


def test_the_schema_fits_what_is_written() -> None:
    schema = declared("first", **BASE)
    value = {
        "id": "0197f9a0-0000-7000-8000-000000000000",
        "lines": [{"sku": "x", "quantity": 1}],
        "total": "9.90",
        "kind": "big",
        "at": "2026-01-31T12:00:00Z",
    }
    jsonschema.Draft202012Validator(schema).validate(value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**value, "lines": [{"sku": "x"}]})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"note": (str, "")}, None),
        ({"note": (str | None, None)}, None),
        ({"note": str}, "the new field 'note' has no default"),
        ({"total": float}, "the field 'total' has another type"),
        ({"total": Decimal | None}, "the field 'total' has another type"),
        ({"kind": OtherKind}, "the field 'kind' has another type"),
        ({"lines": tuple[str, ...]}, "the field 'lines' has another type"),
        ({"at": None}, "the field 'at' was removed"),
    ],
)
def test_a_field_may_be_added_with_a_default(change: dict[str, Any], problem: str | None) -> None:
    after = {name: kind for name, kind in {**BASE, **change}.items() if kind is not None}
    assert incompatibilities(declared("a", **BASE), declared("b", **after)) == ([] if problem is None else [problem])


def test_a_default_stays_and_the_aggregate_too() -> None:
    with_default = declared("a", id=UUID, note=(str, ""))
    assert incompatibilities(with_default, declared("b", id=UUID, note=str)) == [
        "the field 'note' has lost its default"
    ]
    assert incompatibilities(declared("a", id=UUID, of=UUID), declared("b", about="of", id=UUID, of=UUID)) == [
        "it is about another field: the order of events would change"
    ]


@pytest.mark.parametrize(
    ("reads", "problem"),
    [
        ({"id": UUID, "total": Decimal}, None),
        ({"id": str, "kind": str}, None),
        ({"lines": list[Line]}, None),
        ({"note": (str | None, None)}, None),
        ({"total": int}, "reads 'total' as another type"),
        ({"id": int}, "reads 'id' as another type"),
        ({"kind": OtherKind}, "reads 'kind' as another type"),
        ({"lines": list[int]}, "reads 'lines' as another type"),
        ({"nothing": str}, "needs 'nothing', which the event has not"),
        ({"note": str}, "needs 'note', which an event may lack"),
    ],
)
def test_a_listener_reads_some_of_it(reads: dict[str, Any], problem: str | None) -> None:
    written = declared("written", **BASE, note=(str, ""))
    fields: dict[str, Any] = {"__annotations__": {n: k[0] if isinstance(k, tuple) else k for n, k in reads.items()}}
    fields |= {name: kind[1] for name, kind in reads.items() if isinstance(kind, tuple)}
    reader = dataclass(frozen=True)(type("Reader", (), fields))

    async def handler(session: Any, event: Any, about: Any) -> None: ...

    handler.__annotations__["event"] = reader
    problems = reader_problems(written, subscribe("told.written", version=1)(handler))
    assert bool(problems) == (problem is not None), problems
    if problem is not None:
        assert problem in problems[0]
