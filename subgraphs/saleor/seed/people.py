"""Who buys from the demo shops, and who runs them."""

import hashlib
from datetime import timedelta
from typing import Any

from resolvers.demo import USERS, demo_email, demo_password
from subgraphs.saleor import tables
from subgraphs.saleor.domain.requesters import PERMISSIONS
from subgraphs.saleor.passwords import hash_password
from subgraphs.saleor.seed.catalogue import START, Rows

__all__ = ["CUSTOMERS", "app_token", "customer_email", "people_rows"]

CUSTOMERS = {
    6: ("Alba", "Conti"),
    7: ("Dov", "Lehrer"),
    9: ("Carla", "Vidal"),
    10: ("Emil", "Novak"),
    11: ("Frida", "Moreau"),
}
"""Names of the customers, by id."""
CUSTOMER_PASSWORD = "demo-customer"  # noqa: S105 - public by intent: demo data only
_APP_PERMISSIONS = ("MANAGE_CHECKOUTS", "MANAGE_ORDERS", "MANAGE_PRODUCTS", "MANAGE_USERS", "HANDLE_PAYMENTS")


def customer_email(slug: str, key: int) -> str:
    """The address with which a customer logs in."""
    first, last = CUSTOMERS[key]
    return f"{first}.{last}@{slug}-customers.example".lower()


def app_token(slug: str) -> str:
    """The token of the app that the platform uses in a demo shop. Public by intent: demo data only."""
    return f"demo-{slug}-shop-app-".ljust(30, "0")[:30]


async def people_rows(slug: str) -> list[Rows]:
    """The rows of one shop's users, addresses and apps."""
    staff = [(21 + at, key) for at, key in enumerate(USERS)]
    users: list[dict[str, Any]] = [
        {
            "id": key,
            "email": demo_email(slug, name),
            "password_hash": await hash_password(demo_password(slug, name)),
            "first_name": name.capitalize(),
            "last_name": "Staff",
            "is_staff": True,
            "permissions": list(PERMISSIONS) if USERS[name] == "owner" else ["MANAGE_PRODUCTS"],
            "joined_at": START,
        }
        for key, name in staff
    ]
    password_hash = await hash_password(CUSTOMER_PASSWORD)
    for key, (first, last) in CUSTOMERS.items():
        users.append(
            {
                "id": key,
                "email": customer_email(slug, key),
                "password_hash": password_hash,
                "first_name": first,
                "last_name": last,
                "is_staff": False,
                "permissions": [],
                "joined_at": START + timedelta(days=key),
            }
        )
    addresses = [
        {
            "id": key + 8,
            "user_id": key,
            "first_name": first,
            "last_name": last,
            "street_address_1": f"{key} Market Street",
            "city": "San Francisco",
            "postal_code": f"941{key:02}",
            "country": "US",
            "country_area": "CA",
        }
        for key, (first, last) in CUSTOMERS.items()
    ]
    digest = hashlib.sha256(app_token(slug).encode()).hexdigest()
    app = {"id": 1, "name": "Platform", "token_sha256": digest, "permissions": list(_APP_PERMISSIONS)}
    return [(tables.users, users), (tables.addresses, addresses), (tables.apps, [app])]
