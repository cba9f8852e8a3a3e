"""A stand-in for Saleor, the shop that is one of the supergraph's subgraphs.

Saleor itself runs elsewhere; this speaks a strict subset of its GraphQL API (3.23), with the same identifiers,
errors, limits and quirks, so that the rest of the platform can be run and tested without it. Like the real one it is
no context of ours: it knows no signed context header, and authenticates by its own app tokens and users' JWTs. There
is one shop per tenant, at `/saleor/<tenant's slug>/graphql/`.
"""
