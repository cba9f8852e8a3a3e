"""Which Saleor a tenant has."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from brain.caller import Caller
from brain.saleor.links import LinkUnavailable, SaleorLink, SaleorLinks, SaleorSecrets, read_links_file
from subgraphs.saleor.seed.people import app_token

OWN = "https://{tenant}.shops.example/graphql/"
SHARED = "https://shop.example/graphql/"
ACME = Caller("1", "acme", channel="acme-uk")
GLOBEX = Caller("2", "globex", channel="globex-eu")


class Secrets:
    """Tenants' secrets, as the Vault has them."""

    def __init__(self, **secrets: Mapping[str, str]) -> None:
        self.secrets = secrets
        self.asked: list[tuple[str, str]] = []
        self.is_away = False

    async def read(self, name: str, tenant: str) -> Mapping[str, str] | None:
        self.asked.append((tenant, name))
        if self.is_away:
            raise OSError("the Vault is away")
        return self.secrets.get(f"t{tenant}")


async def link(links: SaleorLinks, caller: Caller) -> SaleorLink | None:
    found = links.of(caller)
    return found if found is None or isinstance(found, SaleorLink) else await found


async def test_a_shop_of_its_own_by_slug() -> None:
    found = await link(SaleorLinks(OWN), ACME)
    assert found == SaleorLink("https://acme.shops.example/graphql/", "acme-uk", frozenset({"acme-uk"}))


async def test_its_channel_of_a_shared_one() -> None:
    links = SaleorLinks(SHARED)
    first, second = await link(links, ACME), await link(links, GLOBEX)
    assert first == SaleorLink(SHARED, "acme-uk", frozenset({"acme-uk"}))
    assert second is not None
    assert not second.admits("acme-uk")
    assert await link(links, Caller("3", "initech")) is None, "it has no channel there"


@pytest.mark.parametrize("caller", [Caller(), Caller(tenant_slug="acme"), Caller("1", "ac/me"), Caller("1")])
async def test_nobody_and_odd_slugs_have_none(caller: Caller) -> None:
    assert await link(SaleorLinks(OWN), caller) is None


async def test_the_secret_before_the_file_before_the_rest() -> None:
    secrets = Secrets(t1={"url": "https://s.example/graphql/", "channel": "a", "channels": "b, c", "app_token": "x1"})
    entries = {"acme": {"channel": "file"}, "globex": {"channel": "file", "channels": "*", "app_token": "y1"}}
    links = SaleorLinks(OWN, entries, SaleorSecrets(secrets))
    assert await link(links, ACME) == SaleorLink("https://s.example/graphql/", "a", frozenset("abc"), "x1")
    assert await link(links, GLOBEX) == SaleorLink("https://globex.shops.example/graphql/", "file", None, "y1")
    for _ in range(3):
        await link(links, ACME)
    assert secrets.asked == [("1", "integrations/saleor"), ("2", "integrations/saleor")]


async def test_without_the_word_of_the_vault_no_other_link_is_taken() -> None:
    secrets = Secrets()
    secrets.is_away = True
    links = SaleorLinks(SHARED, {"acme": {"channel": "file"}}, SaleorSecrets(secrets))
    for _ in range(2):
        with pytest.raises(LinkUnavailable, match="away"):
            await link(links, ACME)
    secrets.is_away = False
    assert await link(links, ACME) is not None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"url": "ftp://x/"}, "address"),
        ({"url": "https://x/{tenant}/"}, "address"),
        ({"channel": "a", "app_token": "two words"}, "header"),
        ({"token": "x"}, "unknown fields: token"),
    ],
)
async def test_a_link_that_cannot_be_right(fields: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(LinkUnavailable, match=says):
        await link(SaleorLinks(SHARED, secrets=SaleorSecrets(Secrets(t1=fields))), ACME)
    file = tmp_path / "links.yaml"
    file.write_text("acme:\n" + "".join(f"  {name}: {value!r}\n" for name, value in fields.items()))
    with pytest.raises(ValueError, match=f"links.yaml: 'acme': .*{says}"):
        read_links_file(file)


async def test_a_link_without_any_channel_says_that_all_are_meant() -> None:
    nobody = Caller("1", "acme")
    entry = {"url": "https://s.example/graphql/"}
    with pytest.raises(LinkUnavailable, match="names no channel"):
        await link(SaleorLinks(None, {"acme": entry}), nobody)
    found = await link(SaleorLinks(None, {"acme": {**entry, "channels": "*"}}), nobody)
    assert found is not None
    assert found.admits("whatever")
    assert found.channel is None


@pytest.mark.parametrize("text", ["acme", "acme: [1]", "acme: {channel: 1}", "a: {"])
def test_a_file_that_is_no_map_of_links(text: str, tmp_path: Path) -> None:
    file = tmp_path / "links.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"links\.yaml"):
        read_links_file(file)


def test_the_demo_links_have_the_tokens_of_the_demo_data() -> None:
    import brain.saleor

    links = read_links_file(Path(brain.saleor.__file__).with_name("demo_links.yaml"))
    assert {slug: each["app_token"] for slug, each in links.items()} == {slug: app_token(slug) for slug in links}


def test_a_token_is_in_no_text_of_a_link() -> None:
    assert "secret" not in repr(SaleorLink(SHARED, "a", None, "secret"))
