"""What `explain` finds out: the reasons for a plan, as text and as JSON."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from router.planner.plan import QueryPlan

__all__ = ["Entry", "Explanation", "FetchReasons", "FieldReasons", "Label", "Otherwise"]


@dataclass(frozen=True, slots=True)
class Label:
    """An `@override` label that decides where a field is read; `other` is the subgraph on its other side."""

    name: str
    is_on: bool
    other: str


@dataclass(frozen=True, slots=True)
class FieldReasons:
    """Why one field is read in a fetch.

    Attributes:
        field: its coordinate, such as `Product.name`.
        response_key: the client's key, or None for what only the plan needs.
        needed_by: ids of fetches that send it along, in a key or as a requirement.
        also: other subgraphs that resolve it.
        is_provided: the subgraph has it only below what leads here, by `@provides`.
        requires: the `@requires` field set that goes into the representation.
        contexts: arguments that come from objects above (`@fromContext`), each with its field set.
        moved_from: the subgraph that had it before an `@override` without a label.
    """

    field: str
    response_key: str | None
    needed_by: tuple[int, ...] = ()
    also: tuple[str, ...] = ()
    is_provided: bool = False
    requires: str | None = None
    contexts: tuple[tuple[str, str], ...] = ()
    moved_from: str | None = None
    label: Label | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """How objects are entered in an entity fetch.

    Attributes:
        type: their runtime type, or that of the position where it is not known or not needed.
        entry: the type as which the subgraph holds them; an interface for an interface object.
        key: the key that is sent, as a field set.
        sources: ids of the fetches that the key and the requirements are read by.
        other_keys: further keys with which the subgraph could be entered.
    """

    type: str
    entry: str
    key: str
    sources: tuple[int, ...]
    other_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """The plan if some fields were not read here, of those that others resolve as well.

    Attributes:
        depth, documents: None if there is no such plan.
    """

    without: tuple[str, ...]
    depth: int | None
    documents: int | None


@dataclass(frozen=True, slots=True)
class FetchReasons:
    """One fetch.

    Attributes:
        is_entity: whether it is a hop; else it starts at a root type.
        path: where it is, as in plans' texts.
        before: other subgraphs that answered the objects that it enters.
        only_here: fields that no other subgraph resolves: they have to be read here in any plan.
        otherwise: only where nothing else needs this fetch.
        below: how many more fields it reads further down, where it stands already.
        provided_below: those of them that the subgraph has only there, by `@provides`.
        tells_type: whether it also (or only) tells runtime types.
    """

    id: int
    subgraph: str
    operation_type: str
    is_entity: bool
    path: str
    after: tuple[int, ...]
    before: tuple[str, ...]
    entries: tuple[Entry, ...]
    fields: tuple[FieldReasons, ...]
    only_here: tuple[str, ...]
    below: int
    provided_below: tuple[str, ...]
    tells_type: bool
    otherwise: Otherwise | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A plan with its reasons.

    Attributes:
        documents: requests that it takes if all take equally long.
        labels: `@override` labels that are on.
    """

    plan: QueryPlan
    depth: int
    documents: int
    labels: tuple[str, ...]
    fetches: tuple[FetchReasons, ...]

    def as_text(self) -> str:
        """For people: a paragraph per fetch; ends in a newline."""
        plan = self.plan
        name = f" {plan.operation_name}" if plan.operation_name else ""
        lines = [f"{plan.operation_type}{name}: {_counted(self.documents, 'document')}, {self.depth} deep"]
        if self.labels:
            lines.append(f"labels that are on: {', '.join(self.labels)}")
        for fetch in self.fetches:
            lines.append("")
            lines += _fetch_lines(self, fetch)
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The same, ready for `json.dumps`."""
        return {
            "operationType": self.plan.operation_type,
            "operationName": self.plan.operation_name,
            "depth": self.depth,
            "documents": self.documents,
            "labels": list(self.labels),
            "fetches": [_fetch_json(fetch) for fetch in self.fetches],
        }


# ---- text -----------------------------------------------------------------------------------------------------------


def _fetch_lines(plan: Explanation, fetch: FetchReasons) -> Iterator[str]:
    after = f" after {_ids(fetch.after)}" if fetch.after else ""
    where = f" at {fetch.path}" if fetch.path != "(root)" else ""
    yield f"fetch {fetch.id} from {fetch.subgraph}{where}{after}"
    if fetch.only_here:
        yield f"  only {fetch.subgraph} resolves {_listed(fetch.only_here)}"
    yield from _shared_lines(plan, fetch)
    if fetch.tells_type and not fetch.fields:
        yield f"  {fetch.subgraph} tells the runtime types"
    if fetch.operation_type == "mutation" and fetch.after:
        yield "  mutations run one after the other, each with all that follows from it"
    for entry in fetch.entries:
        yield from _entry_lines(fetch, entry)
    yield from dict.fromkeys(line for field in fetch.fields for line in _field_lines(field))
    asked = {field.field for field in fetch.fields if field.response_key is not None}
    for field in fetch.fields:
        if field.needed_by and field.field not in asked:
            yield f"  {field.field} is only for fetch {_ids(field.needed_by)}"
    if fetch.below:
        yield f"  {_counted(fetch.below, 'field')} further down: the request is there already"
    if fetch.provided_below:
        yield f"    {_listed(fetch.provided_below)} there by @provides"


def _shared_lines(plan: Explanation, fetch: FetchReasons) -> Iterator[str]:
    by_others: dict[tuple[str, ...], dict[str, None]] = {}
    for field in fetch.fields:
        if field.also:
            by_others.setdefault(field.also, {})[field.field] = None
    for others, fields in by_others.items():
        anyway = f"; {fetch.subgraph} is asked here anyway" if fetch.only_here else ""
        yield f"  {_listed(fields)}: also in {_listed(others)}{anyway}"
    if fetch.otherwise is not None:
        yield f"    {_otherwise_text(plan, fetch.otherwise)}"


def _entry_lines(fetch: FetchReasons, entry: Entry) -> Iterator[str]:
    from_ = f", which {_listed(fetch.before)} answered," if fetch.before else ""
    as_ = f" as {entry.entry}" if entry.type != entry.entry else ""
    key = f"with key {{ {entry.key} }}" if entry.key else "by its type alone"
    yield f"  {entry.type}{from_} is entered{as_} {key}, read by fetch {_ids(entry.sources)}"
    for other in entry.other_keys:
        yield f"    could also be entered with key {{ {other} }}"


def _field_lines(field: FieldReasons) -> Iterator[str]:
    if field.requires is not None:
        yield f"  {field.field} @requires {{ {field.requires} }}, sent along with the key"
    for argument, value in field.contexts:
        yield f"  {field.field}({argument}:) comes from above: {value}"
    if field.moved_from is not None:
        yield f"  {field.field} was moved here from {field.moved_from} by @override"
    if field.is_provided:
        yield f"  {field.field} is there by @provides"
    if field.label is not None:
        state = "on" if field.label.is_on else "off"
        yield f"  label {field.label.name} is {state}: {field.field} comes from here, not from {field.label.other}"


def _otherwise_text(plan: Explanation, otherwise: Otherwise) -> str:
    if otherwise.documents is None or otherwise.depth is None:
        return "without this there is no plan"
    if (otherwise.depth, otherwise.documents) == (plan.depth, plan.documents):
        return "without this it would be as many documents, as deep"
    there = f"{_counted(otherwise.documents, 'document')}, {otherwise.depth} deep"
    return f"without this it would be {there}, not {plan.documents}, {plan.depth} deep"


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _ids(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


# ---- JSON -----------------------------------------------------------------------------------------------------------


def _fetch_json(fetch: FetchReasons) -> dict[str, Any]:
    otherwise = fetch.otherwise
    return {
        "id": fetch.id,
        "subgraph": fetch.subgraph,
        "operationType": fetch.operation_type,
        "isEntity": fetch.is_entity,
        "path": fetch.path,
        "after": list(fetch.after),
        "before": list(fetch.before),
        "entries": [
            {
                "type": entry.type,
                "as": entry.entry,
                "key": entry.key,
                "sources": list(entry.sources),
                "otherKeys": list(entry.other_keys),
            }
            for entry in fetch.entries
        ],
        "fields": [_field_json(field) for field in fetch.fields],
        "onlyHere": list(fetch.only_here),
        "below": fetch.below,
        "providedBelow": list(fetch.provided_below),
        "tellsType": fetch.tells_type,
        "otherwise": None
        if otherwise is None
        else {"without": list(otherwise.without), "depth": otherwise.depth, "documents": otherwise.documents},
    }


def _field_json(field: FieldReasons) -> dict[str, Any]:
    label = field.label
    return {
        "field": field.field,
        "responseKey": field.response_key,
        "neededBy": list(field.needed_by),
        "also": list(field.also),
        "isProvided": field.is_provided,
        "requires": field.requires,
        "contexts": dict(field.contexts),
        "movedFrom": field.moved_from,
        "label": None if label is None else {"name": label.name, "isOn": label.is_on, "other": label.other},
    }
