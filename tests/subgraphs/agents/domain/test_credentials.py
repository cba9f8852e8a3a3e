"""Credentials are held against what the integration's addresses can take, before they are kept."""

import pytest

from resolvers.errors import BadUserInput
from subgraphs.agents.catalogue import integration_of
from subgraphs.agents.domain.credentials import checked_credentials

KEYS = [("consumer_key", "ck_1a"), ("consumer_secret", "cs_2b")]


def wanted(name: str) -> list[dict[str, object]]:
    integration = integration_of(name)
    assert integration is not None
    found: list[dict[str, object]] = integration["credentials"]
    return found


@pytest.mark.parametrize("store", ["shop.acme.example", "acme.co"])
def test_a_shops_host(store: str) -> None:
    assert checked_credentials(wanted("woocommerce"), [("store", store), *KEYS])["store"] == store


@pytest.mark.parametrize(
    "store",
    [
        "https://shop.example", "shop.example/x", "localhost", "127.0.0.1", "shop.example:8080", "a@shop.example",
        "Shop.example", "shop .example",
    ],
)  # fmt: skip
def test_what_is_no_shops_host(store: str) -> None:
    with pytest.raises(BadUserInput, match="store cannot be right") as refused:
        checked_credentials(wanted("woocommerce"), [("store", store), *KEYS])
    assert refused.value.path == ("input", "credentials", "store")
    assert store not in str(refused.value)


def test_choices_and_patterns_of_two_sorts() -> None:
    (region,) = [field for field in wanted("amazon_sp") if field["name"] == "region"]
    assert region["pattern"] == "na|eu|fe"
