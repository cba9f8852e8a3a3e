"""What an operation demands of its caller, and what is left of it for a caller who lacks some of that.

The schemas and operations are those of the documentation of Apollo's router, and cases around them.
"""

import re

import pytest
from graphql import OperationDefinitionNode, parse, validate

from router.composition import Composed, Subgraph, compose
from router.errors import InvalidSupergraph, OperationError
from router.graph.api_schema import build_api_schema, with_incremental_directives
from router.graph.selection_syntax import Conditions
from router.graph.supergraph import Requirement, Supergraph, load_supergraph
from router.planner import normalize, plan_normalized
from router.planner.access import OperationAccess, operation_access
from router.planner.plan import Denial, QueryPlan

LINK = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@authenticated", "@requiresScopes", "@policy", "@shareable"])
"""
AUTHENTICATED = Requirement("authenticated")


def scopes(*clauses: tuple[str, ...]) -> Requirement:
    return Requirement("scopes", clauses)


def composed(**subgraphs: str) -> Supergraph:
    result = compose([Subgraph(name, LINK + sdl) for name, sdl in subgraphs.items()])
    assert isinstance(result, Composed), result
    return load_supergraph(result.supergraph_sdl)


def looked_at(
    supergraph: Supergraph, text: str, *granted: Requirement, incremental: bool = False
) -> tuple[OperationAccess, QueryPlan]:
    document = parse(text)
    assert not validate(with_incremental_directives(build_api_schema(supergraph.document)), document)
    (operation, *_) = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    access = operation_access(document, operation, supergraph, granted)
    normalized = normalize(document, None, supergraph, incremental=incremental, granted=granted)
    plan = plan_normalized(normalized, supergraph)
    assert (plan.requirements, plan.denials) == (access.requirements, access.denials)
    return access, plan


def paths(access: OperationAccess) -> list[str]:
    return ["/".join(denial.path) for denial in access.denials]


def asked(plan: QueryPlan) -> str:
    return " | ".join(f"{fetch.subgraph}: {fetch.document.removeprefix('query ')}" for fetch in plan.fetches)


SOCIAL = composed(
    users="""
      type Query { me: User @authenticated  post(id: ID!): Post  users: [User!]! @requiresScopes(scopes: [["others"]]) }
      type User @key(fields: "id") {
        id: ID! username: String email: String @requiresScopes(scopes: [["a", "b"], ["c"]]) posts: [Post!]!
      }
      type Post @key(fields: "id") { id: ID! title: String! author: User! views: Int @authenticated }
      type Mutation { publish(id: ID!): Post @authenticated  touch: Int }
    """,
    stats="""
      type Post @key(fields: "id") { id: ID! score: Int! @policy(policies: [["stats"]]) rank: Rank }
      enum Rank @requiresScopes(scopes: [["rank"]]) { HIGH LOW }
    """,
)


def test_what_is_lacking_is_neither_asked_nor_forgotten() -> None:
    access, plan = looked_at(SOCIAL, "{ me { username } post(id: 1) { title views } }")
    assert access.requirements == (AUTHENTICATED,)
    assert paths(access) == ["me", "post/views"]
    assert asked(plan) == "users: { post(id: 1) { title } }"
    fields = plan.projection.fields_by_type["Query"]
    assert [(field.response_key, field.denied) for field in fields] == [("me", True), ("post", False)]


def test_who_has_it_all_gets_it_all() -> None:
    access, plan = looked_at(SOCIAL, "{ me { username } post(id: 1) { title views } }", AUTHENTICATED)
    assert not access.denials
    assert not access.nodes
    assert asked(plan) == "users: { me { username } post(id: 1) { title views } }"


def test_items_of_lists_are_at_signs_and_demands_below_what_is_denied_are_told() -> None:
    text = "{ users { mail: email posts { views rank } } }"
    access, plan = looked_at(SOCIAL, text)
    email = scopes(("a", "b"), ("c",))
    assert access.requirements == (scopes(("others",)), email, AUTHENTICATED, scopes(("rank",)))
    assert paths(access) == ["users"]
    assert not plan.fetches
    access, plan = looked_at(SOCIAL, text, scopes(("others",)), scopes(("rank",)))
    assert paths(access) == ["users/@/mail", "users/@/posts/@/views"]
    assert "email" not in asked(plan)
    assert "views" not in asked(plan)


def test_a_subgraph_of_which_nothing_may_be_had_is_not_asked() -> None:
    access, plan = looked_at(SOCIAL, "{ post(id: 1) { title score } }")
    assert access.requirements == (Requirement("policies", (("stats",),)),)
    assert asked(plan) == "users: { post(id: 1) { title } }"


def test_conditions_stay_and_what_is_never_included_demands_nothing() -> None:
    text = "query ($v: Boolean!) { post(id: 1) { title views @include(if: $v) } me @skip(if: true) { id } }"
    access, _ = looked_at(SOCIAL, text)
    assert [(denial.path, denial.conditions) for denial in access.denials] == [(("post", "views"), (("v", True),))]
    access, _ = looked_at(SOCIAL, "{ post(id: 1) { title } me @skip(if: true) { id } }")
    assert not access.requirements


def test_a_mutation_that_is_denied_is_not_sent() -> None:
    access, plan = looked_at(SOCIAL, "mutation { touch publish(id: 1) { title } more: touch }")
    assert paths(access) == ["publish"]
    assert [fetch.document for fetch in plan.fetches] == ["mutation { touch more: touch }"]


def test_fragments_are_looked_at_in_every_place() -> None:
    text = "{ a: post(id: 1) { ...P } b: post(id: 2) { ...P ...P } } fragment P on Post { views author { ...U } } "
    access, _ = looked_at(SOCIAL, text + "fragment U on User { email }")
    assert paths(access) == ["a/views", "a/author/email", "b/views", "b/author/email"]


def test_what_is_deferred_is_denied_too() -> None:
    text = "{ post(id: 1) { title ... @defer { score views } } }"
    access, plan = looked_at(SOCIAL, text, incremental=True)
    assert paths(access) == ["post/score", "post/views"]
    assert asked(plan) == "users: { post(id: 1) { title } }"
    assert [field.denied for each in plan.deferred for field in each.projection.fields_by_type["Post"]] == [True, True]


# ---- interfaces and unions ------------------------------------------------------------------------------------------

BLOGS = """
  type Query { posts: [Post!] found: [Found] }
  interface Post { id: ID! title: String secret: String }
  type PublicBlog implements Post { id: ID! title: String secret: String }
  type PrivateBlog implements Post %s { id: ID! title: String secret: String %s }
  union Found = PublicBlog | PrivateBlog
"""
# As older composers leave it: what an implementation demands does not stand on the interface.
TYPE_ALONE = load_supergraph(
    re.sub(r"(interface Post[^{]*?)@authenticated", r"\1", composed(blog=BLOGS % ("@authenticated", "")).sdl)
)
TYPE = composed(blog=BLOGS % ("@authenticated", ""))
FIELD = composed(blog=BLOGS % ("", "@authenticated"))


def test_the_older_supergraph_is_one() -> None:
    assert "Post" in TYPE.access.types
    assert "Post" not in TYPE_ALONE.access.types
    assert TYPE_ALONE.access.types == {"PrivateBlog": (AUTHENTICATED,)}


@pytest.mark.parametrize("supergraph", [TYPE, TYPE_ALONE], ids=["propagated", "alone"])
@pytest.mark.parametrize(
    "selection",
    ["id", "__typename title", "... { id }", "... @include(if: true) { ... { id } }", "...on PublicBlog { id } id"],
)
def test_what_is_asked_of_all_objects_of_an_interface_needs_the_right_to_all(
    supergraph: Supergraph, selection: str
) -> None:
    access, plan = looked_at(supergraph, f"{{ posts {{ {selection} }} }}")
    assert paths(access) == ["posts"]
    assert not plan.fetches


@pytest.mark.parametrize("fragment", ["... on Post { id }", "...P", "... on PublicBlog { id } ... on Post { title }"])
def test_nor_do_fragments_lead_around_it(fragment: str) -> None:
    text = f"{{ posts {{ {fragment} }} }}" + (" fragment P on Post { id }" if "...P" in fragment else "")
    access, plan = looked_at(TYPE_ALONE, text)
    assert paths(access) == ["posts/@/... on Post"]
    assert "id title" not in asked(plan)
    assert "PrivateBlog" not in asked(plan)


def test_fragments_on_a_type_that_may_not_be_seen_are_denied() -> None:
    text = "{ found { __typename ... on PublicBlog { id } ... on PrivateBlog { id title __typename } } }"
    access, plan = looked_at(TYPE, text)
    assert paths(access) == ["found/@/... on PrivateBlog"]
    assert asked(plan) == "blog: { found { __typename ... on PublicBlog { id } } }"
    access, plan = looked_at(TYPE_ALONE, text.replace("found", "posts"))
    assert asked(plan) == "blog: { posts { __typename ... on PublicBlog { id } } }"


def test_a_field_of_an_interface_needs_the_right_to_it_in_all_implementations() -> None:
    access, plan = looked_at(FIELD, "{ posts { id secret ... on PublicBlog { open: secret } } }")
    assert paths(access) == ["posts/@/secret"]
    assert "secret" not in asked(plan).replace("open: secret", "")
    access, plan = looked_at(FIELD, "{ posts { ... on PublicBlog { secret } ... on PrivateBlog { id secret } } }")
    assert paths(access) == ["posts/@/secret"]
    assert asked(plan).count("secret") == 1


def test_what_is_denied_once_and_granted_once_is_granted() -> None:
    access, plan = looked_at(FIELD, "{ posts { secret ... on PublicBlog { secret } } }")
    assert paths(access) == ["posts/@/secret"]
    assert asked(plan) == "blog: { posts { __typename ... on PublicBlog { secret } } }"
    by_type = plan.projection.fields_by_type["Query"][0].selection
    assert by_type is not None
    assert {n: [f.denied for f in fs] for n, fs in by_type.fields_by_type.items()} == {
        "PrivateBlog": [True],
        "PublicBlog": [False],
    }


def test_below_a_field_that_is_granted_once_only_that_is_asked() -> None:
    access, plan = looked_at(TYPE_ALONE, "{ posts { id title } posts { ... on PublicBlog { id } } }")
    assert paths(access) == ["posts"]
    assert asked(plan) == "blog: { posts { __typename ... on PublicBlog { id } } }"


def test_objects_that_a_view_does_not_show_demand_nothing() -> None:
    document = parse("{ posts { id title } }")
    (operation, *_) = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    assert operation_access(document, operation, TYPE_ALONE).denials
    assert not operation_access(document, operation, TYPE_ALONE, hidden=frozenset({"PrivateBlog"})).requirements


# ---- rules in supergraphs -------------------------------------------------------------------------------------------


def test_renamed_directives_protect_as_well() -> None:
    sdl = SOCIAL.sdl.replace("@authenticated", "@mustLogIn").replace(
        '@link(url: "https://specs.apollo.dev/authenticated/v0.1"',
        '@link(url: "https://specs.apollo.dev/authenticated/v0.1", as: "mustLogIn"',
    )
    sdl = sdl.replace("directive @mustLogIn on", "directive @mustLogIn on")
    renamed = load_supergraph(sdl)
    assert renamed.access == SOCIAL.access
    assert renamed.access


def test_rules_that_cannot_be_read_end_the_loading() -> None:
    with pytest.raises(InvalidSupergraph, match=r"@requiresScopes of Query.users needs `scopes`"):
        load_supergraph(SOCIAL.sdl.replace('(scopes: [["others"]])', '(scopes: ["others"])'))


def test_equal_demands_are_one_and_empty_ones_none() -> None:
    supergraph = composed(
        a="""
        type Query {
          a: Int @requiresScopes(scopes: [["x", "y"], ["z"]])
          b: Int @requiresScopes(scopes: [["z"], ["y", "x", "y"]])
          c: Int @requiresScopes(scopes: [])
        }
        """
    )
    demanded = supergraph.access.fields
    assert demanded["Query", "a"] == demanded["Query", "b"] == (scopes(("x", "y"), ("z",)),)
    assert ("Query", "c") not in demanded


# ---- bombs ----------------------------------------------------------------------------------------------------------


def bomb(levels: int, leaf: str) -> str:
    def twice(n: int) -> str:
        below = f"author {{ posts {{ ...F{n + 1} }} }}"
        return f"fragment F{n} on Post {{ a{n}: {below} b{n}: {below} }} "

    last = f"fragment F{levels} on Post {{ {leaf} }}"
    return "{ post(id: 1) { ...F0 } } " + "".join(map(twice, range(levels))) + last


def test_fragments_in_fragments_are_looked_at_once() -> None:
    document = parse(bomb(40, "title views"))
    (operation, *_) = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    access = operation_access(document, operation, SOCIAL, {AUTHENTICATED})
    assert (access.requirements, access.denials) == ((AUTHENTICATED,), ())


def test_what_is_denied_in_too_many_places_is_refused() -> None:
    document = parse(bomb(40, "views"))
    (operation, *_) = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    with pytest.raises(OperationError) as caught:
        operation_access(document, operation, SOCIAL)
    assert caught.value.code == "QUERY_PLANNING_BUDGET_EXCEEDED"


def test_refusing_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, ...]] = []

    def denial(path: tuple[str, ...], conditions: Conditions) -> Denial:
        made.append(path)
        return Denial(path, conditions)

    monkeypatch.setattr("router.planner.access.Denial", denial)
    leaves = " ".join(f"a{i}: views" for i in range(100))
    levels = [
        f"fragment F{level} on Post {{ author {{ posts {{ {posts} }} }} }}"
        for level, posts in (
            (1, " ".join(f"b{i}: author {{ posts {{ ...F0 }} }}" for i in range(100))),
            (2, " ".join(f"c{i}: author {{ posts {{ ...F1 }} }}" for i in range(400))),
        )
    ]
    text = f"{{ post(id: 1) {{ ...F2 }} }} {' '.join(levels)} fragment F0 on Post {{ {leaves} }}"
    with pytest.raises(OperationError, match="more than 10000 things"):
        looked_at(SOCIAL, text)
    assert len(made) < 250_000


def test_the_same_denials_met_again_and_again_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.planner.access.MAX_MENTIONS", 500)
    leaves = " ".join(f"a{i}: views" for i in range(100))
    again = " ".join("author { posts { ...F0 } }" for _ in range(10))
    with pytest.raises(OperationError, match="too many times") as caught:
        looked_at(SOCIAL, f"{{ post(id: 1) {{ {again} }} }} fragment F0 on Post {{ {leaves} }}")
    assert caught.value.code == "QUERY_PLANNING_BUDGET_EXCEEDED"
