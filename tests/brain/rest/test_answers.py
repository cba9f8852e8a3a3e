"""What becomes of the graph's answers."""

import json
from typing import Any

from brain.rest.answers import answer
from brain.rest.routes import load_routes

ROUTES = {route.operation: route for route in load_routes()}


def test_what_the_shop_does_not_show_is_left_out() -> None:
    shown: dict[str, Any] = {"similarity": 0.9, "product": {"id": "a"}}
    data = {"product": {"recommendations": [{"similarity": 1.0, "product": None}, shown]}}
    route = ROUTES["ProductRecommendations"]
    response = answer(route, "/rest/v1/products/x/recommendations", (), 200, {"data": data}, {})
    assert (response.status_code, json.loads(bytes(response.body))) == (200, [shown])
