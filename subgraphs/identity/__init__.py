"""Who is who: tenants, users, memberships with roles, log-in, API keys.

Entities: `Tenant @key(fields: "id")`, `User @key(fields: "id")`. A user is one person with one password, who can belong
to several tenants with a role in each; what a caller sees of users is who belongs to the caller's tenant.

Events: none yet, in or out.
"""
