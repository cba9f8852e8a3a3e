"""Printing: the merged schema as supergraph SDL (join spec v0.5) and as API SDL. Equal input gives equal text."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from router.composition.definitions import BUILT_IN_DIRECTIVES, federation
from router.composition.join_spec import JOIN_DIRECTIVES, JOIN_TYPES
from router.composition.literals import render_constant
from router.composition.model import Applied, DirectiveDef, Field, InputValue, Missing
from router.composition.supergraph_model import JoinField, JoinType, MergedType, MergeState, RecordedDirective
from router.composition.supergraph_specs import SUPERGRAPH_SPECS

__all__ = ["graph_names", "render_api", "render_supergraph"]

_ROOTS = (("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription"))
INACCESSIBLE = federation("inaccessible")


def render_supergraph(state: MergeState) -> str:
    """The supergraph's SDL, with all joins."""
    return _Printer(state, api=False).document()


def render_api(state: MergeState) -> str:
    """The SDL that clients see: no joins, nothing inaccessible, of directives only what introspection knows."""
    return _Printer(state, api=True).document()


def graph_names(names: Sequence[str]) -> list[str]:
    """The values of `join__Graph` for subgraph names, in the same order; unique and valid GraphQL names."""
    made = [_graph_name(name) for name in names]
    result = []
    for position, name in enumerate(made):
        if made.count(name) > 1:
            result.append(f"{name}_{made[: position + 1].count(name)}")
        else:
            result.append(name)
    return result


def _graph_name(name: str) -> str:
    text = re.sub(r"\W", "_", name, flags=re.ASCII).upper()
    if text[:1].isdigit():
        text = f"_{text}"
    return f"{text}_" if re.search(r"_\d+$", text) else text


class _Printer:
    def __init__(self, state: MergeState, *, api: bool) -> None:
        self._state = state
        self._api = api
        self._graphs = graph_names([s.name for s in state.subgraphs])
        self._hidden = (
            {n for n, t in state.types.items() if _is_hidden(t.definition.directives)} if api else frozenset()
        )
        self._specs = {
            spec: replace(spec.feature(state.names_shown), namespace=state.namespaces[spec.name])
            for spec in SUPERGRAPH_SPECS
            if spec.name in state.namespaces
        }

    def document(self) -> str:
        types = [self._type(t) for n, t in self._state.types.items() if n not in self._hidden]
        directives = [
            self._directive(d)
            for n, d in sorted(self._state.directives.items())
            if not (self._api and n in self._state.composed)
        ]
        parts = [*self._sorted(directives), *types]
        if not self._api:
            directives += [d for spec, f in self._specs.items() for d in spec.directive_definitions(f)]
            directives += JOIN_DIRECTIVES
            scalars = [d for spec, f in self._specs.items() for d in spec.type_definitions(f)]
            parts = [self._schema(), *self._sorted(directives), *JOIN_TYPES, *scalars, self._graph_enum(), *types]
        elif roots := [(o, n) for o, n in self._roots() if n not in self._hidden]:
            description = self._schema_description()
            if description:
                parts.insert(0, f"{description}schema {{\n" + "".join(f"  {o}: {n}\n" for o, n in roots) + "}")
        return "\n\n".join(parts) + "\n"

    # ---- schema ------------------------------------------------------------------------------------------------------

    def _sorted(self, directives: Iterable[str]) -> list[str]:
        return sorted(directives, key=lambda text: text[text.index("directive @") :])

    def _schema_description(self) -> str:
        texts = [s.description for s in self._state.subgraphs if s.description]
        return _description(max(texts, key=texts.count), "") if texts else ""

    def _roots(self) -> Iterator[tuple[str, str]]:
        types = self._state.types
        return ((o, n) for o, n in _ROOTS if n in types and types[n].definition.kind == "OBJECT")

    def _schema(self) -> str:
        lines = [
            f"{self._schema_description()}schema",
            '  @link(url: "https://specs.apollo.dev/link/v1.0")',
            '  @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)',
        ]
        lines += [f"  {text}" for text in (*self._state.links, *self._applied(self._state.directives_of_schema))]
        roots = [f"  {operation}: {name}" for operation, name in self._roots()]
        return "\n".join([*lines, "{", *roots, "}"])

    def _graph_enum(self) -> str:
        values = [
            f"  {graph} @join__graph(name: {json.dumps(s.name)}, url: {json.dumps(s.url)})"
            for graph, s in zip(self._graphs, self._state.subgraphs, strict=True)
        ]
        return "\n".join(["enum join__Graph {", *values, "}"])

    def _directive(self, definition: DirectiveDef) -> str:
        arguments = self._arguments((a for a in definition.arguments.values() if self._shows(a)), "")
        repeatable = " repeatable" if definition.repeatable else ""
        text = f"directive @{definition.name}{arguments}{repeatable} on {' | '.join(definition.locations)}"
        return _description(definition.description, "") + text

    # ---- types -------------------------------------------------------------------------------------------------------

    def _type(self, merged: MergedType) -> str:
        definition = merged.definition
        description = _description(definition.description, "")
        applied = [*self._type_joins(merged), *self._applied(definition.directives)]
        header = definition.name
        interfaces = [i for i in definition.interfaces if i not in self._hidden]
        if interfaces:
            header += f" implements {' & '.join(interfaces)}"
        keyword = "input" if definition.kind == "INPUT_OBJECT" else definition.kind.lower()
        keyword = "type" if definition.kind == "OBJECT" else keyword
        joined = " " + " ".join(applied) if self._api and applied else "".join(f"\n  {a}" for a in applied)
        text = f"{description}{keyword} {header}{joined}"
        match definition.kind:
            case "OBJECT" | "INTERFACE":
                body = [self._field(merged, f) for f in definition.fields.values() if self._shows(f)]
            case "INPUT_OBJECT":
                body = [self._input(merged, v) for v in definition.inputs.values() if self._shows(v)]
            case "ENUM":
                body = [self._value(merged, v.name) for v in definition.values.values() if self._shows(v)]
            case "UNION":
                members = [m for m in definition.members if m not in self._hidden]
                return f"{text}{' ' if self._api or not applied else chr(10) + ' '}= {' | '.join(members)}"
            case _:
                return text
        brace = " {" if self._api else "\n{"
        return f"{text}{brace}\n" + "\n".join(body) + "\n}"

    def _type_joins(self, merged: MergedType) -> Iterator[str]:
        if self._api:
            return
        for join in merged.joins:
            yield self._type_join(join)
        for graph, interface in merged.implements:
            yield f'@join__implements(graph: {self._graphs[graph]}, interface: "{interface}")'
        for graph, member in merged.members:
            yield f'@join__unionMember(graph: {self._graphs[graph]}, member: "{member}")'
        yield from map(self._recorded, merged.recorded.get(None, ()))

    def _recorded(self, directive: RecordedDirective) -> str:
        graphs = ", ".join(self._graphs[i] for i in directive.graphs)
        arguments = render_constant(directive.arguments)
        return f'@join__directive(graphs: [{graphs}], name: "{directive.name}", args: {arguments})'

    def _type_join(self, join: JoinType) -> str:
        parts = [f"graph: {self._graphs[join.graph]}"]
        if join.key is not None:
            parts.append(f"key: {json.dumps(join.key, ensure_ascii=False)}")
        if join.extension:
            parts.append("extension: true")
        if not join.resolvable:
            parts.append("resolvable: false")
        if join.is_interface_object:
            parts.append("isInterfaceObject: true")
        return f"@join__type({', '.join(parts)})"

    def _field(self, merged: MergedType, field: Field) -> str:
        arguments = self._arguments((a for a in field.arguments.values() if self._shows(a)), "  ")
        text = f"  {field.name}{arguments}: {field.type}"
        return self._annotated(merged, field, text)

    def _input(self, merged: MergedType, value: InputValue) -> str:
        return self._annotated(merged, value, f"  {self._input_text(value)}")

    def _annotated(self, merged: MergedType, element: Field | InputValue, text: str) -> str:
        applied = []
        if not self._api:
            applied += [self._field_join(j) for j in merged.fields.get(element.name, ())]
            applied += map(self._recorded, merged.recorded.get(element.name, ()))
        applied += self._applied(element.directives)
        return _description(element.description, "  ") + " ".join([text, *applied])

    def _field_join(self, join: JoinField) -> str:
        parts = [] if join.graph is None else [f"graph: {self._graphs[join.graph]}"]
        texts = {
            "requires": join.requires,
            "provides": join.provides,
            "type": join.type,
            "override": join.override,
            "overrideLabel": join.override_label,
        }
        parts += [f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in texts.items() if v is not None]
        if join.external:
            parts.append("external: true")
        if join.used_overridden:
            parts.append("usedOverridden: true")
        if join.context_arguments:
            items = [
                f'{{context: "{c.context}", name: "{c.name}", type: "{c.type}", selection: {json.dumps(c.selection)}}}'
                for c in join.context_arguments
            ]
            parts.append(f"contextArguments: [{', '.join(items)}]")
        return f"@join__field({', '.join(parts)})" if parts else "@join__field"

    def _value(self, merged: MergedType, name: str) -> str:
        value = merged.definition.values[name]
        joins = [] if self._api else [f"@join__enumValue(graph: {self._graphs[i]})" for i in merged.values[name]]
        text = " ".join([f"  {name}", *joins, *self._applied(value.directives)])
        return _description(value.description, "  ") + text

    # ---- parts -------------------------------------------------------------------------------------------------------

    def _arguments(self, arguments: Iterable[InputValue], indent: str) -> str:
        shown = list(arguments)
        if not shown:
            return ""
        texts = [" ".join([self._input_text(a), *self._applied(a.directives)]) for a in shown]
        if not any(a.description for a in shown):
            return f"({', '.join(texts)})"
        inner = f"{indent}  "
        lines = [_description(a.description, inner) + inner + text for a, text in zip(shown, texts, strict=True)]
        return "(\n" + "\n".join(lines) + f"\n{indent})"

    def _input_text(self, value: InputValue) -> str:
        default = "" if isinstance(value.default, Missing) else f" = {render_constant(value.default)}"
        return f"{value.name}: {value.type}{default}"

    def _applied(self, directives: Iterable[Applied]) -> list[str]:
        texts = []
        for applied in directives:
            if self._api and applied.name not in BUILT_IN_DIRECTIVES:
                continue
            name = self._state.names_shown.get(applied.name, applied.name)
            arguments = ", ".join(f"{k}: {render_constant(v)}" for k, v in applied.arguments.items())
            texts.append(f"@{name}({arguments})" if arguments else f"@{name}")
        return texts

    def _shows(self, element: object) -> bool:
        return not self._api or not _is_hidden(getattr(element, "directives", ()))


def _is_hidden(directives: Iterable[Applied]) -> bool:
    return any(d.name == INACCESSIBLE for d in directives)


def _description(text: str | None, indent: str) -> str:
    """A description as a block string, or as a plain one where a block cannot carry it."""
    if not text:
        return ""
    is_plain_block = (
        text == text.strip() and "\\" not in text and text.replace("\n", "").replace("\t", "").isprintable()
    )
    if not is_plain_block or any(line.startswith((" ", "\t")) for line in text.split("\n")[:1]):
        return f"{indent}{json.dumps(text, ensure_ascii=True)}\n"
    escaped = text.replace('"""', '\\"""')
    lines = "\n".join(f"{indent}{line}" if line else "" for line in escaped.split("\n"))
    return f'{indent}"""\n{lines}\n{indent}"""\n'
