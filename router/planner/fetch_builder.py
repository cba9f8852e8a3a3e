"""From covers to fetches: walks the covers top-down and lays out the merged response."""

from collections.abc import Collection, Sequence

from router.errors import PlanningError
from router.graph.query_graph import OwnInputs, QueryGraph
from router.graph.selection_syntax import both
from router.graph.selections import TYPENAME, Conditions, Defer, SelectionField
from router.planner.cover import AbstractCover, Cover, FieldChoice, InterfaceObjectCover, ObjectCover
from router.planner.fetch_graph import ContextNeed, FetchGraph, FetchNode, Position, RepresentationSpec, Slot

__all__ = ["build_fetch_graph"]

MAX_FETCHES = 1_000


def build_fetch_graph(
    graph: QueryGraph,
    operation_type: str,
    cover: ObjectCover,
    variables: Collection[str] = (),
    max_slots: int = 50_000,
) -> FetchGraph:
    """Lays out the fetches of an operation whose root selection is covered by `cover`.

    Args:
        variables: names that the client's operation uses.
    """
    builder = _Builder(graph, operation_type, variables, max_slots)
    root = Position(cover.type, None)
    if operation_type == "mutation":
        builder.build_in_order(root, cover)
    else:
        builder.build_object(root, None, cover, builder.root_fetches(cover), ())
    return FetchGraph(tuple(builder.fetches), root)


class _Builder:
    def __init__(self, graph: QueryGraph, operation_type: str, variables: Collection[str], max_slots: int) -> None:
        self.graph = graph
        self.operation_type = operation_type
        self.fetches: list[FetchNode] = []
        self._variables = variables
        self._entity: dict[tuple[object, ...], FetchNode] = {}
        self._contexts = 0
        self._left = max_slots
        self._defer: Defer | None = None
        """The deferred fragment that is being laid out."""

    # -- fetches -----------------------------------------------------------------------------------------------------

    def root_fetch(self, subgraph: int) -> FetchNode:
        node = FetchNode(len(self.fetches), subgraph, self.operation_type, None, 0, defer=self._defer)
        self.fetches.append(node)
        return node

    def root_fetches(self, cover: ObjectCover) -> list[FetchNode | None]:
        """A fetch for each stand of a root cover that it uses."""
        used = {i.stand: i.subgraph for i in cover.instances if i.stand is not None}
        return [self.root_fetch(used[n]) if n in used else None for n in range(max(used, default=-1) + 1)]

    def entity_fetch(
        self,
        position: Position,
        subgraph: int,
        stage: int,
        conditions: Conditions,
        inputs: OwnInputs | None = None,
        required: frozenset[str] = frozenset(),
    ) -> FetchNode:
        # What needs values from above may have to wait for what others make possible, so it is a fetch of its own too.
        # So is what interface objects require: they are all asked for the same, whatever their types are elsewhere.
        key = (position, subgraph, stage, conditions, inputs, required, self._defer)
        node = self._entity.get(key)
        if node is None:
            node = FetchNode(len(self.fetches), subgraph, "query", position, stage, conditions, defer=self._defer)
            self._entity[key] = node
            if len(self.fetches) >= MAX_FETCHES:
                raise PlanningError(
                    f"This operation would need more than {MAX_FETCHES:,} fetches. Select fewer fields, or split it.",
                    code="QUERY_PLANNING_BUDGET_EXCEEDED",
                )
            node.contexts = {
                use: ContextNeed(use, self._context_variable()) for use in (inputs.contexts if inputs else ())
            }
            self.fetches.append(node)
        return node

    def _context_variable(self) -> str:
        while True:
            name = f"_c{self._contexts}"
            self._contexts += 1
            if name not in self._variables:
                return name

    # -- mutations ---------------------------------------------------------------------------------------------------

    def build_in_order(self, root: Position, cover: ObjectCover) -> None:
        """Root fields run one after the other; neighbours of one subgraph share a request.

        Everything that follows from a field is over before the next request starts: a mutation reads its own writes.
        """
        at: tuple[int, FetchNode] | None = None
        before: set[FetchNode] = set()
        for wanted, choice in cover.outputs:
            subgraph = cover.instances[choice.sources[0]].subgraph
            if at is None or at[0] != subgraph:
                before = {f for f in self.fetches if f.defer is None}
                at = (subgraph, self.root_fetch(subgraph))
                at[1].depends_on |= before
            one = FieldChoice((0,), choice.cover)
            alone = ObjectCover(cover.type, (cover.instances[choice.sources[0]],), ((wanted, one),), 0, 0, 0)
            stand = cover.instances[choice.sources[0]].stand or 0
            self.build_object(root, None, alone, [None] * stand + [at[1]], ())

    # -- positions ---------------------------------------------------------------------------------------------------

    def build(
        self,
        position: Position,
        cover: Cover,
        stands: Sequence[FetchNode | None],
        conditions: Conditions,
        *,
        for_client: bool,
    ) -> set[FetchNode]:
        """Returns the fetches after which everything that the cover reads is there."""
        if isinstance(cover, ObjectCover):
            return self.build_object(position, None, cover, stands, conditions, for_client=for_client)
        stand = stands[0]
        assert stand is not None
        if isinstance(cover, AbstractCover):
            return self._build_abstract(position, cover, stand, conditions, for_client)
        return self._build_interface_object(position, cover, stand, conditions, for_client)

    def _build_abstract(
        self, position: Position, cover: AbstractCover, stand: FetchNode, conditions: Conditions, for_client: bool
    ) -> set[FetchNode]:
        position.is_abstract = True
        stand.typename[position] = None
        producers = {stand}
        for name, one in cover.by_type.items():
            producers |= self.build_object(
                position, name, one, [stand], conditions, for_client=for_client, typename=stand
            )
        return producers

    def _build_interface_object(
        self,
        position: Position,
        cover: InterfaceObjectCover,
        stand: FetchNode,
        conditions: Conditions,
        for_client: bool,
    ) -> set[FetchNode]:
        nodes: dict[int, FetchNode] = {}
        producers = {stand}
        producers |= self.build_object(
            position, None, cover.common, [stand], conditions, for_client=for_client, nodes=nodes
        )
        if cover.typename is not None:
            position.is_abstract = True
            knows = nodes[cover.typename]
            for name, one in cover.by_type.items():
                producers |= self.build_object(
                    position, name, one, [stand, knows], conditions, for_client=for_client, typename=knows
                )
        return producers

    def build_object(
        self,
        position: Position,
        type_name: str | None,
        cover: ObjectCover,
        stands: Sequence[FetchNode | None],
        conditions: Conditions,
        *,
        for_client: bool = True,
        typename: FetchNode | None = None,
        nodes: dict[int, FetchNode] | None = None,
    ) -> set[FetchNode]:
        one = _ObjectBuilder(
            self, position, type_name, cover, stands, conditions, typename, {} if nodes is None else nodes
        )
        producers: set[FetchNode] = set()
        for wanted, choice in cover.outputs:
            if both(conditions, wanted.conditions) is None:
                continue  # `a @include(if: $x) { b @skip(if: $x) }`: never included
            producers |= one.place(wanted, choice, for_client=for_client)
        for defer, later in cover.deferred:
            outer, self._defer = self._defer, defer
            entered = stands if position.parent is not None else self.root_fetches(later)
            self.build_object(position, type_name, later, entered, conditions, typename=typename)
            self._defer = outer
        return producers

    def is_entity(self, position: Position) -> bool:
        """Whether fetches enter a position by keys: all but a field that leads back to the query root."""
        return position.static_type != self.graph.query_root

    def _declared(self, type_name: str, field_name: str, fetch: FetchNode) -> str:
        if field_name not in self.graph.supergraph.types[type_name].fields:
            return ""
        return self.graph.output_type(type_name, field_name, fetch.subgraph).text

    def slot(
        self,
        position: Position,
        wanted: SelectionField,
        type_name: str | None,
        sources: Sequence[FetchNode],
        cover: Cover | None,
        arguments: str,
        *,
        for_client: bool,
    ) -> tuple[Slot, bool]:
        """The slot of a field, and whether it is new. Types that read a field in the same way share it.

        Args:
            arguments: the field's own, and those that come from contexts.
        """
        # One subgraph may declare the field differently on two types: such fields cannot share a key on the wire.
        declared = () if type_name is None else tuple(self._declared(type_name, wanted.name, f) for f in sources)
        orders = tuple(f.order for f in sources)
        key = (wanted.identity, orders, declared, id(cover), for_client, type_name is None)
        slot = position.known.get(key)
        is_new = slot is None
        if slot is None:
            self._left -= 1
            if self._left < 0:
                raise PlanningError(
                    "The plan of this operation would be too large. Select fewer fields, or split it.",
                    code="QUERY_PLANNING_BUDGET_EXCEEDED",
                )
            slot = Slot(
                position,
                wanted.name,
                arguments,
                wanted.arguments,
                wanted.variables,
                wanted.conditions,
                wanted.type,
                wanted.response_key if for_client else None,
                None if type_name is None else {},
            )
            if wanted.selection is not None:
                slot.child = Position(wanted.type.name, slot)
            position.slots.append(slot)
            position.known[key] = slot
        if type_name is not None and slot.types is not None:
            slot.types[type_name] = None
        if for_client:
            position.outputs[*wanted.identity, type_name] = slot
        else:
            position.needs[wanted.id, type_name] = slot
        return slot, is_new


class _ObjectBuilder:
    """Places the fields of one object cover."""

    def __init__(
        self,
        builder: _Builder,
        position: Position,
        type_name: str | None,
        cover: ObjectCover,
        stands: Sequence[FetchNode | None],
        conditions: Conditions,
        typename: FetchNode | None,
        nodes: dict[int, FetchNode],
    ) -> None:
        self.builder = builder
        self.position = position
        self.type_name = type_name
        self.cover = cover
        self.stands = stands
        self.conditions = conditions
        self.typename = typename
        self.nodes = nodes
        stages = [s.stage for s in (typename, *stands) if s is not None]
        self.base = typename.stage if typename is not None else min(stages, default=0)

    def place(self, wanted: SelectionField, choice: FieldChoice, *, for_client: bool) -> set[FetchNode]:
        """Selects a field where the cover says; returns the fetches after which it is there."""
        by_source = [self._node(i) if i >= 0 else None for i in choice.sources]
        nodes = [n for n in by_source if n is not None]
        if wanted.name == TYPENAME:
            for node in nodes:
                node.typename[self.position] = None
            return set(nodes)
        for_client = for_client and wanted.response_key != ""
        is_own = nodes[0].position is self.position  # contexts belong to the fields of the entities that are asked for
        arguments = _with_contexts(wanted.arguments, nodes[0]) if is_own else wanted.arguments
        slot, is_new = self.builder.slot(
            self.position, wanted, self.type_name, nodes, choice.cover, arguments, for_client=for_client
        )
        for i, node in zip((i for i in choice.sources if i >= 0), nodes, strict=True):
            node.select(self.position, slot)
            self._note_entry(i, node, slot)
        if choice.cover is None:
            slot.producers |= set(nodes)
            return set(nodes)
        if is_new and slot.child is not None:
            conditions = both(self.conditions, wanted.conditions)
            assert conditions is not None, "what is never included was planned"
            slot.producers = set(nodes)
            slot.producers |= self.builder.build(slot.child, choice.cover, by_source, conditions, for_client=for_client)
        return slot.producers | set(nodes)

    def _note_entry(self, index: int, node: FetchNode, slot: Slot) -> None:
        if node.position is not self.position:
            return
        instance = self.cover.instances[index]
        entries = [instance.entry]
        if instance.stand is not None:
            # The objects were entered before their runtime type was known, as their interface.
            entries = [spec.entry for spec in node.representations.values() if spec.type is None]
        node.entries.setdefault(slot, {}).update(dict.fromkeys(entries))

    def _node(self, index: int) -> FetchNode:
        instance = self.cover.instances[index]
        if instance.stand is not None:
            stand = self.stands[instance.stand]
            assert stand is not None
            self.nodes[index] = stand
            return stand
        node = self.nodes.get(index)
        if node is None:
            is_object = self.builder.graph.is_interface_object(instance.entry, instance.subgraph)
            required = frozenset(wanted.name for wanted, _ in instance.requires) if is_object else frozenset[str]()
            stage = self.base + instance.stage
            node = self.nodes[index] = self.builder.entity_fetch(
                self.position, instance.subgraph, stage, self.conditions, instance.inputs, required
            )
            if not self.builder.is_entity(self.position):
                node.depends_on |= {s for s in self.stands if s is not None}
                return node
            spec = node.representations.setdefault(
                (self.type_name, instance.entry), RepresentationSpec(self.type_name, instance.entry)
            )
            if self.typename is not None:
                node.depends_on.add(self.typename)
            for needs, into in ((instance.key, spec.key), (instance.requires, spec.requires)):
                for wanted, choice in needs:
                    node.depends_on |= self.place(wanted, choice, for_client=False)
                    into[wanted] = self.position.needs[wanted.id, self.type_name]
        return node


def _with_contexts(arguments: str, fetch: FetchNode) -> str:
    if not fetch.contexts:
        return arguments
    given = ", ".join(f"{use.argument}: ${need.variable}" for use, need in fetch.contexts.items())
    return f"({given})" if not arguments else f"{arguments[:-1]}, {given})"
