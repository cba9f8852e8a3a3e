"""A tenant's link to its Saleor, in a real Vault, as the Brain may read it."""

import uuid

import pytest

from brain.caller import Caller
from brain.saleor.links import LinkUnavailable, SaleorLink, SaleorLinks, SaleorSecrets
from tests.brain.vault.conftest import SetUp


async def test_the_brain_reads_links_and_of_each_tenant_its_own(vault: SetUp) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    secret = {"url": "https://a.example/graphql/", "channel": "a", "app_token": "token-a"}
    path = f"tenants/{first}/integrations/saleor"
    vault.admin.secrets.kv.v2.create_or_update_secret(path, secret, mount_point="kv")
    async with vault.vault("brain") as own:
        links = SaleorLinks("https://shared.example/graphql/", {}, SaleorSecrets(own))
        found = links.of(Caller(first, "first", channel="x"))
        assert found is not None
        assert not isinstance(found, SaleorLink)
        assert await found == SaleorLink("https://a.example/graphql/", "a", frozenset("a"), "token-a")
        other = links.of(Caller(second, "second", channel="x"))
        assert other is not None
        assert not isinstance(other, SaleorLink)
        assert await other == SaleorLink("https://shared.example/graphql/", "x", frozenset("x"))


async def test_one_that_may_not_be_read_is_no_other_one(vault: SetUp) -> None:
    """As with roles that were set up before the Brain read links."""
    async with vault.vault("subgraph-crm") as denied:
        links = SaleorLinks("https://shared.example/graphql/", {}, SaleorSecrets(denied))
        found = links.of(Caller(str(uuid.uuid4()), "acme", channel="x"))
        assert found is not None
        assert not isinstance(found, SaleorLink)
        with pytest.raises(LinkUnavailable, match="VaultDenied"):
            await found
