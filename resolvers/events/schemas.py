"""JSON schemas of events, and what may change in them.

An event outlives the code that wrote it: in outboxes, streams and parked events. So whoever reads must cope with what
was written before: a field may be added if it has a default. Anything else is another version of the event.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from resolvers.events.declaration import Declaration
from resolvers.events.subscriptions import Subscription

__all__ = ["incompatibilities", "reader_problems", "schema_of"]

Schema = Mapping[str, Any]

# Words of a schema that say nothing about which values there may be.
_SILENT: Final = frozenset({"title", "description", "default", "examples"})


def schema_of(declared: Declaration) -> dict[str, Any]:
    """The JSON schema (2020-12) of an event's data, as it is written; required is what has no default."""
    adapter: TypeAdapter[Any] = declared.adapter
    schema = adapter.json_schema(mode="serialization")
    required = adapter.json_schema(mode="validation").get("required", [])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": declared.name,
        "required": required,
        "x-version": declared.version,
        "x-about": declared.about,
    }


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """Why `new` cannot take the place of `old` under the same version; nothing if it can."""
    before, after = _fields(old), _fields(new)
    problems = [f"the field {name!r} was removed" for name in before if name not in after]
    problems += [
        f"the field {name!r} has another type" for name in before if name in after and before[name] != after[name]
    ]
    was_required = set(old.get("required", ()))
    for name in new.get("required", ()):
        if name not in before:
            problems.append(f"the new field {name!r} has no default")
        elif name not in was_required:
            problems.append(f"the field {name!r} has lost its default")
    if old.get("x-about") != new.get("x-about"):
        problems.append("it is about another field: the order of events would change")
    return problems


def reader_problems(published: Schema, subscription: Subscription) -> list[str]:
    """Why a subscription cannot read an event of the schema `published`; nothing if it can."""
    reads = subscription.reader.json_schema(mode="validation")
    written, wanted = _fields(published), _fields(reads)
    sure = set(published.get("required", ()))
    problems = []
    for name, schema in wanted.items():
        if name in written and not _accepts(schema, written[name]):
            problems.append(f"{subscription.name} reads {name!r} as another type than it is written in")
        if name in reads.get("required", ()) and name not in sure:
            fate = "an event may lack" if name in written else "the event has not"
            problems.append(f"{subscription.name} needs {name!r}, which {fate}")
    return problems


def _fields(schema: Schema) -> dict[str, Any]:
    definitions = schema.get("$defs", {})
    return {name: _plain(value, definitions) for name, value in schema.get("properties", {}).items()}


def _plain(value: Any, definitions: Schema) -> Any:
    """A schema with its references written out, without words that say nothing about values."""
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str):
            return _plain(definitions[reference.rpartition("/")[2]], definitions)
        return {
            key: {name: _plain(each, definitions) for name, each in part.items()}
            if key == "properties"
            else _plain(part, definitions)
            for key, part in value.items()
            if key not in _SILENT
        }
    return [_plain(each, definitions) for each in value] if isinstance(value, list) else value


def _accepts(reader: Any, written: Any) -> bool:
    """Whether every value that is written is one that is read, as far as the schemas show it."""
    if isinstance(written, Mapping) and "anyOf" in written:
        return all(_accepts(reader, each) for each in written["anyOf"])
    if isinstance(reader, Mapping) and "anyOf" in reader:
        return any(_accepts(each, written) for each in reader["anyOf"])
    if not isinstance(reader, Mapping) or not isinstance(written, Mapping):
        return bool(reader == written)
    for word, value in reader.items():
        if word == "properties":
            fields = written.get("properties", {})
            if not all(_accepts(schema, fields[name]) for name, schema in value.items() if name in fields):
                return False
        elif word == "required":
            if not set(value) <= set(written.get("required", ())):
                return False
        elif word in ("items", "additionalProperties") and isinstance(value, Mapping):
            if not _accepts(value, written.get(word, {})):
                return False
        elif written.get(word) != value:
            return False
    return True
