"""Events are frozen dataclasses with a name, a version and an aggregate."""

import sys
from dataclasses import dataclass

import pytest

from resolvers.events.declaration import declaration_of, declared_in, event
from resolvers.events.subscriptions import subscribe, subscriptions_in
from tests.resolvers.events import told


def test_a_declaration_is_found_by_its_class_and_its_module() -> None:
    declared = declaration_of(told.Counted)
    assert (declared.name, declared.version, declared.about) == ("told.counted", 1, "thing")
    assert [each.name for each in declared_in(told)] == ["told.counted", "told.renamed"]
    with pytest.raises(TypeError, match="is no event"):
        declaration_of(str)


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(TypeError, match="frozen dataclass"):

        @event("told.thawed", version=1, about="id")
        @dataclass
        class Thawed:
            id: str

    with pytest.raises(TypeError, match="no field 'owner'"):

        @event("told.lost", version=1, about="owner")
        @dataclass(frozen=True)
        class Lost:
            id: str

    with pytest.raises(TypeError, match="not of the form"):

        @event("Told", version=1, about="id")
        @dataclass(frozen=True)
        class Misnamed:
            id: str


def test_a_handler_takes_three_things() -> None:
    with pytest.raises(TypeError, match="session, event, about"):

        @subscribe("told.counted", version=1)
        async def handler(session: object) -> None: ...

    assert subscriptions_in(sys.modules[__name__]) == []
