"""Least privilege: what each role may do, asked of a real server in every combination; all else is refused."""

import uuid
from functools import partial

import hvac
import pytest
from hvac import exceptions

from brain.vault.policies import roles
from tests.brain.vault.conftest import SetUp

ROLES = roles(["identity", "crm", "agents"])
TENANT = str(uuid.uuid4())
VERBS = ("read", "write", "delete", "list")
# Everything there is, with who may do what with it.
MAY: dict[str, dict[str, set[str]]] = {
    f"kv/data/tenants/{TENANT}/llm": {"read": {"worker"}, "write": {"subgraph-agents"}},
    f"kv/data/tenants/{TENANT}/integrations/stripe": {"read": {"worker"}, "write": {"worker", "subgraph-agents"}},
    f"kv/data/tenants/{TENANT}/integrations/saleor": {
        "read": {"brain", "worker"},
        "write": {"worker", "subgraph-agents"},
    },
    f"kv/metadata/tenants/{TENANT}/llm": {"delete": {"subgraph-agents"}},
    f"kv/metadata/tenants/{TENANT}/integrations/stripe": {"delete": {"subgraph-agents"}},
    f"kv/metadata/tenants/{TENANT}/integrations": {"list": {"worker", "subgraph-agents"}},
    f"kv/metadata/tenants/{TENANT}": {},
    "kv/metadata/tenants": {},
    "kv/metadata": {},
    f"kv/data/tenants/{TENANT}/other": {},
    f"kv/data/tenants/{TENANT}/integrations/stripe/deeper": {},
    "kv/config": {},
    "sys/policies/acl/worker": {},
    "sys/policies/acl": {},
    "sys/mounts": {},
    "sys/auth": {},
    "sys/seal": {},
    **{f"sys/leases/{verb}": {"write": {role for role in ROLES if "-" in role}} for verb in ("lookup", "renew")},
    "sys/leases/revoke": {},
    "sys/leases/lookup/database/creds/crm": {},
    "sys/raw/core": {},
    "auth/approle/role/worker": {},
    "auth/approle/role/worker/secret-id": {},
    "auth/approle/role": {},
    "auth/token/create": {},
    "auth/token/accessors": {},
    "database/config/brain": {},
    "database/roles/crm": {},
    "database/static-creds/crm": {},
    "identity/entity": {},
    **{f"kv/data/services/{role}/own": {"read": {role}} for role in ROLES},
    **{f"database/creds/{name}": {"read": {f"subgraph-{name}"}} for name in ("identity", "crm", "agents")},
    **{f"transit/{verb}/{role}.pii": {"write": {role}} for role in ROLES for verb in ("encrypt", "decrypt", "rewrap")},
    **{f"transit/keys/{role}.pii{more}": {} for role in ROLES for more in ("", "/rotate", "/config")},
    **{f"transit/export/encryption-key/{role}.pii": {} for role in ROLES},
}


@pytest.mark.parametrize("role", ROLES)
def test_what_is_not_granted_is_refused(vault: SetUp, role: str) -> None:
    for name in ("llm", "integrations/stripe", "integrations/saleor"):
        path = f"tenants/{TENANT}/{name}"
        vault.admin.secrets.kv.v2.create_or_update_secret(path, {"secret": "s"}, mount_point="kv")
    for own in ROLES:
        vault.admin.secrets.kv.v2.create_or_update_secret(f"services/{own}/own", {"secret": "s"}, mount_point="kv")
    access = vault.access(role)
    found = {path: access.call("try", partial(allowed_verbs, path)) for path in MAY}
    access.close()
    granted = {path: {verb for verb, holders in verbs.items() if role in holders} for path, verbs in MAY.items()}
    assert found == granted


def allowed_verbs(path: str, client: hvac.Client) -> set[str]:
    return {verb for verb in VERBS if allowed(client, verb, path)}


def allowed(client: hvac.Client, verb: str, path: str) -> bool:
    """Whether the server lets it pass; what comes of it does not matter."""
    try:
        if verb == "read":
            client.read(path)
        elif verb == "write":
            client.write_data(path, data={"data": {"secret": "new"}})
        elif verb == "delete":
            client.delete(path)
        else:
            client.list(path)
    except (exceptions.Forbidden, exceptions.UnexpectedError):
        return False  # the latter: there is no such method (405), which some paths say before they look at the token
    except exceptions.VaultError:
        return True  # it was let through, and wanted something else
    return True


def test_a_role_knows_no_secret_of_another_that_begins_alike(vault: SetUp) -> None:
    """`subgraph-crm` is the beginning of `subgraph-crm-archive`; keys and secrets must not follow from that."""
    access = vault.access("subgraph-crm")
    for path in ("kv/data/services/subgraph-crm-archive/own", "database/creds/crm-archive"):
        assert "read" not in access.call("try", partial(allowed_verbs, path))
    assert access.call("try", partial(allowed_verbs, "transit/encrypt/subgraph-crm-archive.pii")) == set()
    access.close()
