"""Two small subgraphs that really answer, and their supergraph: what the server's tests serve.

`ShopTransport` runs the documents that it is sent with graphql-core, in this process.
"""

import asyncio
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLSchema, build_schema, graphql

from router.executor import CoroutineTransport
from router.hooks import SubgraphCall, SubgraphReply

SUPERGRAPH = """
schema
  @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)
{ query: Query mutation: Mutation }

directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String,
  external: Boolean, override: String, usedOverridden: Boolean, overrideLabel: String) repeatable
  on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false,
  resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable
  on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA

scalar join__FieldSet
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }
enum join__Graph {
  PRODUCTS @join__graph(name: "products", url: "http://products.invalid/graphql")
  REVIEWS @join__graph(name: "reviews", url: "http://reviews.invalid/graphql")
}

scalar JSON @join__type(graph: PRODUCTS)

enum Size @join__type(graph: PRODUCTS) {
  SMALL @join__enumValue(graph: PRODUCTS)
  LARGE @join__enumValue(graph: PRODUCTS)
}

input Filter @join__type(graph: PRODUCTS) { size: Size = SMALL, tags: [String!], about: JSON, and: Filter }

type Query @join__type(graph: PRODUCTS) @join__type(graph: REVIEWS) {
  product(id: ID!): Product @join__field(graph: PRODUCTS)
  products(first: Int = 2, filter: Filter): [Product!]! @join__field(graph: PRODUCTS)
  echo(value: JSON, text: String, count: Int, flag: Boolean, id: ID, ratio: Float, size: Size, filter: Filter,
    counts: [Int!]): String @join__field(graph: PRODUCTS)
  slow(seconds: Float!): Int @join__field(graph: PRODUCTS)
  broken: Int @join__field(graph: PRODUCTS)
}

type Mutation @join__type(graph: REVIEWS) {
  review(product: ID!, stars: Int!): Review @join__field(graph: REVIEWS)
}

type Product @join__type(graph: PRODUCTS, key: "id") @join__type(graph: REVIEWS, key: "id") {
  id: ID!
  name: String @join__field(graph: PRODUCTS)
  related: [Product!]! @join__field(graph: PRODUCTS)
  reviews: [Review!]! @join__field(graph: REVIEWS)
}

type Review @join__type(graph: REVIEWS) { stars: Int!, product: Product! }
"""

PRODUCTS_SDL = """
scalar JSON
scalar _Any
enum Size { SMALL LARGE }
input Filter { size: Size = SMALL, tags: [String!], about: JSON, and: Filter }
union _Entity = Product
type Query {
  product(id: ID!): Product
  products(first: Int = 2, filter: Filter): [Product!]!
  echo(value: JSON, text: String, count: Int, flag: Boolean, id: ID, ratio: Float, size: Size, filter: Filter,
    counts: [Int!]): String
  slow(seconds: Float!): Int
  broken: Int
  _entities(representations: [_Any!]!): [_Entity]!
}
type Product { id: ID! name: String related: [Product!]! }
"""

REVIEWS_SDL = """
scalar _Any
union _Entity = Product
type Query { _entities(representations: [_Any!]!): [_Entity]! }
type Mutation { review(product: ID!, stars: Int!): Review }
type Product { id: ID! reviews: [Review!]! }
type Review { stars: Int! product: Product! }
"""

NAMES = {"1": "Pen", "2": "Ink", "3": "Paper"}


class ShopTransport(CoroutineTransport):
    """Answers subgraph calls from the two schemas; keeps every call, and every review that was made."""

    def __init__(self) -> None:
        self.calls: list[SubgraphCall] = []
        self.starts = 0
        self.closes = 0
        self.cancelled = 0
        self.review_s = 0.0
        self.stars: dict[str, list[int]] = {"1": [5, 3], "2": [4]}
        self.schemas = {"products": build_schema(PRODUCTS_SDL), "reviews": build_schema(REVIEWS_SDL)}
        self.roots = {"products": self.products(), "reviews": self.reviews()}

    def bodies(self) -> list[dict[str, Any]]:
        return [orjson.loads(call.body) for call in self.calls]

    async def start(self) -> None:
        self.starts += 1

    async def close(self) -> None:
        self.closes += 1

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        self.calls.append(call)
        schema: GraphQLSchema = self.schemas[call.subgraph]
        request = orjson.loads(call.body)
        try:
            result = await graphql(
                schema, request["query"], self.roots[call.subgraph], variable_values=request.get("variables")
            )
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return SubgraphReply(200, {"content-type": "application/json"}, orjson.dumps(result.formatted))

    # ---- resolvers -------------------------------------------------------------------------------------------------

    def products(self) -> dict[str, Any]:
        def product(key: str) -> dict[str, Any] | None:
            if key not in NAMES:
                return None
            others = lambda _info: [product(other) for other in NAMES if other != key]  # noqa: E731
            return {"__typename": "Product", "id": key, "name": NAMES[key], "related": others}

        def echo(_info: Any, **arguments: Any) -> str:
            return orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS).decode()

        async def slow(_info: Any, seconds: float) -> int:
            await asyncio.sleep(seconds)
            return 1

        def broken(_info: Any) -> int:
            raise GraphQLError("no such luck")

        return {
            "product": lambda _info, id: product(id),  # noqa: A006
            "products": lambda _info, first=None, filter=None: [product(key) for key in NAMES][:first],  # noqa: A006
            "echo": echo,
            "slow": slow,
            "broken": broken,
            "_entities": lambda _info, representations: [product(item["id"]) for item in representations],
        }

    def reviews(self) -> dict[str, Any]:
        def product(key: str) -> dict[str, Any]:
            return {
                "__typename": "Product",
                "id": key,
                "reviews": lambda _info: [
                    {"stars": stars, "product": product(key)} for stars in self.stars.get(key, [])
                ],
            }

        async def review(_info: Any, product: str, stars: int) -> dict[str, Any]:
            await asyncio.sleep(self.review_s)
            self.stars.setdefault(product, []).append(stars)
            return {"stars": stars, "product": entity(product)}

        entity = product
        return {
            "review": review,
            "_entities": lambda _info, representations: [product(item["id"]) for item in representations],
        }
