"""Ids of the shop: only such as it could have made, for others it answers with nothing for all."""

from base64 import b64encode

import pytest

from subgraphs.storefront.domain.errors import InvalidValue
from subgraphs.storefront.domain.values import shop_id

UUID = "0f7d3f4e-6c11-4a0b-9a83-0d6a6d1f5b8e"


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "given", ["Product:1", "Product:2147483647", "ProductVariant:384", f"Checkout:{UUID}", f"Order:{UUID}"]
)
def test_ids_that_a_shop_makes(given: str) -> None:
    assert shop_id(encoded(given), given.partition(":")[0]) == encoded(given)


@pytest.mark.parametrize(
    "given",
    [
        *("Product:abc", "Product:-1", "Product:0", "Product:0127", "Product:1e5", "Product:2147483648", "Product:"),
        *("Product:99999999999999999999", "Product:1:2", f"Product:{UUID}", "Variant:1", "Product", ""),
    ],
)
def test_what_it_would_not_have_made(given: str) -> None:
    with pytest.raises(InvalidValue, match="not the id of a Product"):
        shop_id(encoded(given), "Product")


@pytest.mark.parametrize("given", ["Order:1", f"Order:{UUID.upper()}", "Order:0f7d3f4e"])
def test_orders_have_uuids(given: str) -> None:
    with pytest.raises(InvalidValue):
        shop_id(encoded(given), "Order")


@pytest.mark.parametrize("given", [encoded("Product:1") + "=", "UHJvZHVjdDoxMR==", "UHJvZHVjdDoxMjE", "Product:1", "é"])
def test_one_product_has_one_id(given: str) -> None:
    """Bits behind the text, or padding that is missing, would be a second one."""
    with pytest.raises(InvalidValue):
        shop_id(given, "Product")
