"""Who is who: tenants, users, memberships with roles, log-in, API keys.

Entities: `Tenant @key(fields: "id")`, `Account @key(fields: "id")`. An account is a person with an e-mail address and
a password, who can belong to several tenants with a role in each; what a caller sees of accounts is who belongs to the
caller's tenant. An address is not unique: it is text that a tenant wrote into an invitation, and proves nothing about
accounts elsewhere.

Tells of `identity.member_joined`, `identity.role_changed`, `identity.member_removed` and `identity.invitation_made`,
and once more of members that there are (`identity.member_confirmed`, `retell`); listens to nothing.
"""
