"""Who is who: tenants, users, memberships with roles, log-in, API keys.

Entities: `Tenant @key(fields: "id")`, `User @key(fields: "id")`. A user is an account with an e-mail address and a
password, which can belong to several tenants with a role in each; what a caller sees of users is who belongs to the
caller's tenant. An address is not unique: it is text that a tenant wrote into an invitation, and proves nothing about
accounts elsewhere.

Events: none yet, in or out.
"""
