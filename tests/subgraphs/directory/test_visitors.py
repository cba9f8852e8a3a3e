"""Visitors of a tenant: without a scope they see what its public directory shows, and nobody's name."""

import uuid
from typing import Any

import pytest
from strawberry.federation.schema_directives import Tag
from strawberry.types.base import StrawberryObjectDefinition

from resolvers.demo import demo_id, demo_tenant_id
from subgraphs.directory.schema import schema

VISITOR: dict[str, Any] = {"user": None, "scopes": []}
BUSINESS = str(demo_id("acme", "business", "b001"))
PAGE = """id name slug description keywords phone website priceLevel attributes timeZone verifiedAt version createdAt
  address { city } coordinates { latitude } rating { average count } category { name businessCount parent { name } }
  openingHours { opens } specialHours { name } isOpen openingState { isOpen }
  photos(first: 2, includeHidden: true) { totalCount edges { node { altText large { url } } } }
  reviews(first: 5) { totalCount edges { node {
    id rating title body createdAt response { text engine publishedAt } } } }"""
NOT_PUBLIC = {"people", "internal"}
REFUSED = {"code": "UNAUTHENTICATED"}


async def test_visitors_read_the_directory(directory: Any) -> None:
    """All that its pages show: a listing, lists, facets, searches, categories, reviews, photos."""
    query = f"""query ($id: ID!) {{
      business(id: $id) {{ {PAGE} }}
      businesses(first: 3, filter: {{minimumRating: 1}}) {{
        totalCount edges {{ node {{ {PAGE} }} }} facets {{ categories {{ count }} }} }}
      searchBusinesses(query: "dinner", first: 3) {{ totalCount edges {{ node {{ name }} excerpt }} }}
      businessCategories {{ id name children {{ name }} }}
      reviews(businessId: $id, first: 1) {{ edges {{ node {{ id rating }} }} }}
    }}"""
    data = await directory.data(query, {"id": BUSINESS}, **VISITOR)
    assert data["business"]["photos"]["totalCount"] == 2
    assert data["businesses"]["edges"]
    assert data["searchBusinesses"]["edges"]
    assert data["businessCategories"]
    review = data["reviews"]["edges"][0]["node"]["id"]
    assert (await directory.data("query ($id: ID!) { review(id: $id) { rating } }", {"id": review}, **VISITOR))[
        "review"
    ]
    references = [{"__typename": "Business", "id": BUSINESS}, {"__typename": "Review", "id": review}]
    found = await directory.entities(references, "... on Business { name } ... on Review { rating }", **VISITOR)
    assert all(found)


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("owner { id }", ["business", "owner"]),
        (
            "reviews(first: 1) { edges { node { author { id } } } }",
            ["business", "reviews", "edges", 0, "node", "author"],
        ),
        ("reviews(first: 1) { edges { node { hiddenAt } } }", ["business", "reviews", "edges", 0, "node", "hiddenAt"]),
        (
            "photos(first: 1) { edges { node { hiddenReason } } }",
            ["business", "photos", "edges", 0, "node", "hiddenReason"],
        ),
    ],
)
async def test_nobody_is_named_to_visitors(directory: Any, field: str, place: list[Any]) -> None:
    """What is not for them is refused by itself; what is beside it is answered."""
    body = await directory.call(
        f"query ($id: ID!) {{ business(id: $id) {{ name {field} }} }}", {"id": BUSINESS}, **VISITOR
    )
    (error,) = body["errors"]
    assert (error["path"], error["extensions"]) == (place, REFUSED)
    assert body["data"]["business"]["name"]
    value = body["data"]
    for step in place:
        value = value[step]
    assert value is None
    # Another credential is not enough, either; a member's is.
    body = await directory.call(
        f"query ($id: ID!) {{ business(id: $id) {{ {field} }} }}", {"id": BUSINESS}, scopes=["crm:read"]
    )
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "directory:read"}
    await directory.data(
        f"query ($id: ID!) {{ business(id: $id) {{ {field} }} }}", {"id": BUSINESS}, scopes=["directory:read"]
    )


async def test_whose_a_listing_is_cannot_be_tried_out(directory: Any) -> None:
    owner = str(demo_id("acme", "user", "ada"))
    for field in (
        f'businesses(filter: {{ownerId: "{owner}"}}) {{ totalCount }}',
        f'searchBusinesses(query: "dinner", filter: {{ownerId: "{owner}"}}) {{ totalCount }}',
    ):
        body = await directory.call(f"{{ {field} }}", **VISITOR)
        assert [error["extensions"] for error in body["errors"]] == [REFUSED]
        assert await directory.data(f"{{ {field} }}", scopes=["directory:read"])


def test_all_that_the_public_view_leaves_out_needs_a_scope() -> None:
    """Whoever adds a field that is tagged as somebody's, or as internal, cannot forget it."""
    checked = set()
    for name, concrete in schema.schema_converter.type_map.items():
        definition = concrete.definition
        if not isinstance(definition, StrawberryObjectDefinition) or definition.is_input or name == "Mutation":
            continue
        if _tags(definition.directives) & NOT_PUBLIC:
            continue  # only what needs a scope itself leads there
        for field in definition.fields:
            if _tags(field.directives) & NOT_PUBLIC:
                assert any(type(each).__name__ == "_RequiresScopes" for each in field.extensions), (
                    f"{name}.{field.python_name}"
                )
                checked.add((name, field.python_name))
    assert {("Business", "owner"), ("Review", "author"), ("Query", "review_reports")} <= checked


def _tags(directives: Any) -> set[str]:
    return {each.name for each in directives or () if isinstance(each, Tag)}


async def test_what_is_hidden_or_a_draft_stays_so(new_tenant: Any) -> None:
    business = await new_tenant.add_one()
    add = "mutation ($input: AddReviewInput!) { addReview(input: $input) { review { id } } }"
    made = await new_tenant.data(add, {"input": {"businessId": str(business), "rating": 1, "title": "bad"}})
    review = made["addReview"]["review"]["id"]
    say = (
        """mutation ($id: ID!) { respondToReview(input: {reviewId: $id, text: "We are sorry."}) { errors { code } } }"""
    )
    assert (await new_tenant.data(say, {"id": review}, roles=["manager"]))["respondToReview"]["errors"] == []
    query = "query ($id: ID!) { review(id: $id) { title response { text } } }"
    seen = await new_tenant.data(query, {"id": review}, **VISITOR)
    assert seen["review"] == {"title": "bad", "response": None}
    hide = """mutation ($id: ID!) { moderateReview(input: {reviewId: $id, decision: HIDE, reason: "Spam."}) {
      errors { code } } }"""
    assert (await new_tenant.data(hide, {"id": review}, roles=["manager"]))["moderateReview"]["errors"] == []
    assert (await new_tenant.data(query, {"id": review}, **VISITOR))["review"] is None
    listed = "query ($id: ID!) { business(id: $id) { rating { count } reviews { totalCount edges { node { id } } } } }"
    assert (await new_tenant.data(listed, {"id": str(business)}, **VISITOR))["business"] == {
        "rating": {"count": 0}, "reviews": {"totalCount": 0, "edges": []},
    }  # fmt: skip


@pytest.mark.parametrize(
    "field",
    [
        "businesses { totalCount }",
        "businessCategories { id }",
        'searchBusinesses(query: "x") { totalCount }',
        f'business(id: "{BUSINESS}") {{ name }}',
        f'reviews(businessId: "{BUSINESS}") {{ totalCount }}',
    ],
)
async def test_visitors_are_some_tenants(directory: Any, field: str) -> None:
    """Without a tenant there is nothing to see, and another one's is not there."""
    body = await directory.call(f"{{ {field} }}", tenant=None, **VISITOR)
    assert body["errors"][0]["extensions"] == REFUSED
    elsewhere = await directory.data(f'{{ business(id: "{BUSINESS}") {{ name }} }}', tenant="globex", **VISITOR)
    assert elsewhere == {"business": None}
    reference = [{"__typename": "Business", "id": BUSINESS}]
    assert await directory.entities(
        reference, "... on Business { name }", tenant=demo_tenant_id("globex"), **VISITOR
    ) == [None]
    assert await directory.entities(reference, "... on Business { name }", tenant=None, **VISITOR) == [None]


MUTATIONS = sorted(schema._schema.mutation_type.fields) if schema._schema.mutation_type else []


def _literal(type_: Any) -> str:
    """Some value of an input type, good enough to be looked at."""
    inner = getattr(type_, "of_type", None)
    if type(type_).__name__ == "GraphQLNonNull":
        return _literal(inner)
    if type(type_).__name__ == "GraphQLList":
        return "[]"
    if hasattr(type_, "fields"):
        required = {n: f for n, f in type_.fields.items() if type(f.type).__name__ == "GraphQLNonNull"}
        return (
            "{"
            + ", ".join(
                f"{n}: {_literal(f.type)}"
                for n, f in required.items()
                if f.default_value.__class__.__name__ == "UndefinedType"
            )
            + "}"
        )
    if hasattr(type_, "values"):
        return next(iter(type_.values))
    named = {
        "ID": f'"{uuid.uuid4()}"',
        "Int": "1",
        "Float": "1.0",
        "Boolean": "true",
        "DateTime": '"2026-01-05T09:00:00Z"',
    }
    return named.get(type_.name, '"x"')


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name != "addBusinessPhoto"])
async def test_visitors_change_nothing(directory: Any, name: str) -> None:
    mutation_type = schema._schema.mutation_type
    assert mutation_type is not None
    arguments = ", ".join(f"{each}: {_literal(given.type)}" for each, given in mutation_type.fields[name].args.items())
    body = await directory.call(f"mutation {{ {name}({arguments}) {{ errors {{ code }} }} }}", **VISITOR)
    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"], body
