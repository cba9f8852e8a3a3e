"""Random federations, rules, operations and callers: nobody gets what it may not have, and everybody gets the rest.

The data must be that of one server which refuses field by field, and no document on the wire may name what the caller
lacks a right to, other than keys and requirements.
"""

import re
from random import Random

from graphql import GraphQLSchema, OperationDefinitionNode, parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import PlanningError
from router.executor import compile_plan
from router.executor.denials import UNAUTHORIZED
from router.graph.supergraph import Requirement
from router.hooks import RequestContext
from router.planner import normalize, plan_normalized
from router.server.variables import compile_variables
from tests.planner.access_oracle import DEMANDS, Refusing, asked_for, forbidden, random_rules
from tests.planner.correctness import random_federation
from tests.planner.operations import OperationMaker
from tests.planner.running import Federation, NotComposed, is_part
from tests.planner.stubs import Monolith, client_of

OPERATIONS_PER_FEDERATION = 6
_FIELD_SETS = re.compile(r'(?:fields|field|provides|requires): "([^"]*)"|@(?:provides|requires)\(fields: "([^"]*)"')


def spared_of(federation: Federation) -> frozenset[str]:
    """Names of the fields that some key, requirement or context reads."""
    found = (a or b for sdl in federation.sdls.values() for a, b in _FIELD_SETS.findall(sdl))
    return frozenset(name for text in found for name in re.findall(r"\w+", text)) | {"id"}


async def check(federation: Federation, schema: GraphQLSchema, random: Random) -> str:
    """Run one operation for one caller.

    Returns:
        `denied` or `granted`; or `no plan`, for a federation in which not everything can be reached.
    """
    spared = spared_of(federation)
    rules = random_rules(random, schema, spared)
    federation.supergraph.__dict__["access"] = rules
    granted = frozenset[Requirement](random.sample(DEMANDS, random.randrange(len(DEMANDS) + 1)))
    text, variables = OperationMaker(random, schema).make()
    expected, messages = Refusing(federation.world, schema).refused(text, variables, rules, granted)
    document = parse(text)
    normalized = normalize(document, None, federation.supergraph, granted=granted)
    try:
        plan = plan_normalized(normalized, federation.supergraph)
    except PlanningError:
        return "no plan"
    case = f"{text}\n{variables}\n{rules}\n{granted}"
    shape = federation.shape_problem(plan)
    assert shape is None, f"{shape}\n{case}"
    never = forbidden(schema, rules, granted, spared)
    for fetch in plan.fetches:
        told = asked_for(federation.subgraphs[fetch.subgraph].schema, fetch.document) & never
        assert not told, f"{told} in {fetch.document}\n{case}"
    definitions = compile_variables(schema, plan.variable_definitions, suggest=False)
    assert not definitions.problems(variables)
    response = await compile_plan(plan, schema).execute(
        definitions.values(variables), RequestContext("1", "POST", "/graphql", {}), client_of(federation.subgraphs)
    )
    codes = {error["extensions"]["code"] for error in response.get("errors", ())}
    if federation.null_keys:
        assert is_part(response["data"], expected), f"{response}\ninstead of\n{expected}\n{case}"
    elif set(messages) <= {"denied"}:
        assert response["data"] == expected, f"{response}\ninstead of\n{expected}\n{case}"
        # Where the single server gives up early, the others may still come upon what is wrong with the data.
        has_faults = bool(Monolith(federation.world, schema).answer(text, variables)[1])
        assert has_faults or codes <= {UNAUTHORIZED}, f"{response}\n{case}"
    # What is refused is said, whether there are objects or not.
    assert "denied" not in messages or UNAUTHORIZED in codes, f"{response}\n{case}"
    assert bool(plan.denials) <= bool(plan.requirements)
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    assert operation.operation.value == plan.operation_type
    return "denied" if plan.denials else "granted"


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
async def test_callers_get_what_they_may_have_and_no_more(seed: int) -> None:
    random = Random(seed)
    try:
        federation = Federation(random_federation(random))
    except NotComposed:
        return
    for _ in range(OPERATIONS_PER_FEDERATION):
        await check(federation, federation.schema, random)


async def test_the_samples_are_of_all_kinds() -> None:
    kinds = []
    for seed in range(10):
        random = Random(seed)
        try:
            federation = Federation(random_federation(random))
        except NotComposed:
            continue
        kinds += [await check(federation, federation.schema, random) for _ in range(4)]
    assert kinds.count("denied") > 5
    assert kinds.count("granted") > 5
