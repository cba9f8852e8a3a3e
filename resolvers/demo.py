"""Identifiers of the demo data. Contexts refer to one another's demo rows by these alone."""

from typing import Final
from uuid import UUID, uuid5

__all__ = ["TENANTS", "USERS", "demo_email", "demo_id", "demo_password", "demo_tenant_id", "demo_webhook_secret"]

_NAMESPACE: Final = UUID("6f1c0d52-3a7e-5d1b-9c40-b1205aa5b4a1")

TENANTS: Final = ("acme", "globex")
USERS: Final = {"ada": "owner", "ben": "manager", "cleo": "agent", "dan": "viewer"}
"""Key of the demo user -> its role; the same in every demo tenant."""


def demo_id(tenant_slug: str, kind: str, key: str) -> UUID:
    """The id of a demo row.

    Args:
        tenant_slug: one of `TENANTS`.
        kind: "tenant" (its key is the slug), "user" (`ada`, `ben`, ...), "business" (`b001`, ...), "contact"
            (`c001`, ...), "lead" (`l001`, ...), or what a context names its own.
        key: of the row within tenant and kind.
    """
    return uuid5(_NAMESPACE, f"{tenant_slug}/{kind}/{key}")


def demo_tenant_id(slug: str) -> UUID:
    """The id of a demo tenant."""
    return demo_id(slug, "tenant", slug)


def demo_email(tenant_slug: str, user: str) -> str:
    """The e-mail address with which a demo user logs in."""
    return f"{user}@{tenant_slug}.example"


def demo_password(tenant_slug: str, user: str) -> str:
    """The password of a demo user. Public by intent: demo data only."""
    return f"demo-{tenant_slug}-{user}"


def demo_webhook_secret(tenant_slug: str) -> str:
    """What a demo tenant's shop signs its webhooks with. Public by intent: demo data only."""
    return f"demo-{tenant_slug}-webhooks"
