"""What each service may do in the Vault, and nothing else: the policies of the roles.

| role | its own secrets | tenants' secrets | keys for encryption | log-ins to the database |
|---|---|---|---|---|
| ``brain`` | read | reads those of ``integrations/saleor`` | its own | none |
| ``worker`` | read | reads them, renews those of integrations | its own | none |
| ``subgraph-agents`` | read | writes and deletes, never reads | its own | its own |
| ``subgraph-<other>`` | read | none | its own | its own |
"""

from collections.abc import Sequence

from brain.saleor import NAME as SALEOR

_SUBGRAPH = "subgraph-"
_WRITER = "subgraph-agents"
_BRAIN = "brain"
# Without these a service could not find out that its token is gone, renew it, or give it back.
_OWN_TOKEN = (
    ("auth/token/lookup-self", ("read",)),
    ("auth/token/renew-self", ("update",)),
    ("auth/token/revoke-self", ("update",)),
)


def roles(subgraphs: Sequence[str]) -> tuple[str, ...]:
    """Return the names of all roles of an installation with these subgraphs."""
    return ("brain", "worker", *(subgraph_role(name) for name in subgraphs))


def subgraph_role(name: str) -> str:
    """Return the role of a subgraph."""
    return f"{_SUBGRAPH}{name}"


def policy(role: str) -> str:
    """Return the policy of a role, in the Vault's language."""
    rules = {
        **dict(_OWN_TOKEN),
        f"kv/data/services/{role}/*": ("read",),
        # A key comes into being with the first value that is encrypted with it.
        f"transit/encrypt/{role}.*": ("create", "update"),
        f"transit/decrypt/{role}.*": ("update",),
        f"transit/rewrap/{role}.*": ("update",),
        **_of_tenants(role),
    }
    if role.startswith(_SUBGRAPH):
        rules[f"database/creds/{role.removeprefix(_SUBGRAPH)}"] = ("read",)
        # For who knows a lease's id, which only its owner does.
        rules |= {"sys/leases/renew": ("update",), "sys/leases/lookup": ("update",)}
    lines = []
    for path, capabilities in rules.items():
        listed = ", ".join(f'"{capability}"' for capability in capabilities)
        lines.append(f'path "{path}" {{ capabilities = [{listed}] }}\n')
    return "".join(lines)


def _of_tenants(role: str) -> dict[str, tuple[str, ...]]:
    # `+` is exactly one word of a path: a tenant, an integration.
    names = {"kv/metadata/tenants/+/integrations": ("list",), "kv/metadata/tenants/+/integrations/": ("list",)}
    if role == _BRAIN:
        return {f"kv/data/tenants/+/integrations/{SALEOR}": ("read",)}
    if role == "worker":
        return {
            "kv/data/tenants/+/llm": ("read",),
            # Tokens that a provider renews are kept by who uses them.
            "kv/data/tenants/+/integrations/+": ("read", "create", "update"),
            **names,
        }
    if role == _WRITER:
        kinds = ("llm", "integrations/+")
        written = {f"kv/data/tenants/+/{kind}": ("create", "update") for kind in kinds}
        deleted = {f"kv/metadata/tenants/+/{kind}": ("delete",) for kind in kinds}
        return {**written, **deleted, **names}
    return {}
