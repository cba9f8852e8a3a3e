"""Bodies of webhooks, as Saleor makes them of a webhook's subscription query."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from subgraphs.saleor.domain.ids import global_id

__all__ = ["ORDER_CREATED", "order_created"]

ORDER_CREATED: Final = """
subscription {
  event {
    ... on OrderCreated {
      order {
        id
        number
        created
        userEmail
        channel { slug }
        billingAddress { firstName lastName }
        total { gross { amount currency } }
        lines { productName variantName productSku quantity variant { id product { id } } }
      }
    }
  }
}
"""
"""The query that the platform's webhook has; a Saleor of one's own is given it as it stands."""


def order_created(
    order: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]],
    *,
    channel: str,
    created: str,
    product_ids: Mapping[int, int],
    names: tuple[str, str] | None,
) -> dict[str, Any]:
    """The body that `ORDER_CREATED` makes.

    Args:
        order: a row of an order.
        lines: rows of its lines.
        created: when, in ISO 8601.
        product_ids: key of a variant -> key of its product.
        names: first and last name on the bill.
    """
    address = None if names is None else {"firstName": names[0], "lastName": names[1]}
    return {
        "order": {
            "id": global_id("Order", order["id"]),
            "number": str(order["number"]),
            "created": created,
            "userEmail": order["email"],
            "channel": {"slug": channel},
            "billingAddress": address,
            "total": {"gross": {"amount": float(order["total_gross"]), "currency": order["currency"]}},
            "lines": [_line(line, product_ids) for line in lines],
        }
    }


def _line(line: Mapping[str, Any], product_ids: Mapping[int, int]) -> dict[str, Any]:
    variant, product = line["variant_id"], product_ids[line["variant_id"]]
    return {
        "productName": line["product_name"],
        "variantName": line["variant_name"],
        "productSku": line["sku"],
        "quantity": line["quantity"],
        "variant": {"id": global_id("ProductVariant", variant), "product": {"id": global_id("Product", product)}},
    }
