"""WebSockets at the Brain: the credential in `connection_init` decides who calls, as a header does."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette

from tests.server.live import serving

from .conftest import ACME, Identity
from .test_app import WHOAMI, app, settings

__all__ = ["app", "settings"]


@asynccontextmanager
async def socket(app: Starlette, **headers: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        serving(app) as url,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/graphql", protocols=("graphql-transport-ws",), headers=headers) as opened,
    ):
        yield opened


async def said(socket: aiohttp.ClientWebSocketResponse, payload: dict[str, Any]) -> Any:
    await socket.send_json({"type": "connection_init", "payload": payload})
    frame = await socket.receive(5)
    return frame.data if frame.type is aiohttp.WSMsgType.CLOSE else json.loads(frame.data)


async def test_the_credential_comes_with_the_connection(app: Starlette, identity: Identity) -> None:
    async with socket(app) as opened:
        assert await said(opened, {"Authorization": f"Bearer {identity.token()}"}) == {"type": "connection_ack"}
        await opened.send_json({"id": "a", "type": "subscribe", "payload": WHOAMI})
        message = await opened.receive_json()
        assert message["type"] == "next", message
        claims = json.loads(message["payload"]["data"]["whoami"])
        assert (claims["tenant"], claims["aud"]) == (ACME["id"], "identity")
        assert await opened.receive_json() == {"id": "a", "type": "complete"}


async def test_no_context_can_be_forged_in_it(app: Starlette) -> None:
    async with socket(app, **{"x-brain-context": "forged"}) as opened:
        assert await said(opened, {"x-brain-context": "forged"}) == {"type": "connection_ack"}
        await opened.send_json({"id": "a", "type": "subscribe", "payload": WHOAMI})
        claims = json.loads((await opened.receive_json())["payload"]["data"]["whoami"])
        assert (claims["tenant"], claims["scopes"]) == (None, [])


@pytest.mark.parametrize(
    "payload", [{"authorization": "Bearer nonsense"}, {"x-tenant": "acme"}, {"headers": {"x-api-key": "bk_nonsense"}}]
)
async def test_who_may_not_call_is_hung_up_on(app: Starlette, identity: Identity, payload: dict[str, Any]) -> None:
    async with socket(app) as opened:
        assert await said(opened, payload) == 4403
    assert "whoami" not in identity.calls


async def test_pages_of_other_origins_get_none(app: Starlette) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with socket(app, origin="http://evil.test"):
            pass
    assert refused.value.status == 403
