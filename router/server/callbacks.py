"""Subscriptions of subgraphs by HTTP callback: the subgraph sends each event with a request of its own.

    router                                                          subgraph
    POST the operation, extensions.subscription               ->
      {callbackUrl, subscriptionId, verifier, heartbeatIntervalMs}
                                                              <-    POST check, to the callback URL
    204                                                       ->
                                                              <-    200 {"data": null}
                                                              <-    POST next {payload} ... complete {errors}
    200 ... 202                                               ->
                                                              <-    POST check, at every heartbeat
    204; or 404: nobody wants more of it                      ->

The id in the URL and the verifier are random; who does not know both is refused.

Source: Apollo's "HTTP Callback Protocol for GraphQL Subscriptions", version 1.0.
"""

import asyncio
import hmac
import logging
import secrets
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import orjson

from router.errors import SubgraphError
from router.executor import Transport
from router.executor.event_streams import interrupted
from router.executor.exact_json import load_reply
from router.hooks import SubgraphCall, SubgraphReply
from router.server.config import CallbackConfig
from router.server.requests import read_body
from router.server.responses import Rejected
from router.server.traffic.layer import Layer
from router.server.worker_relay import NAME_LENGTH

if TYPE_CHECKING:
    from router.server.exchange import Exchange

__all__ = ["CallbackDesk", "CallbackTransport"]

_log = logging.getLogger("router.server")

ACCEPT = "application/json;callbackSpec=1.0"
PROTOCOL = {"subscription-protocol": "callback/1.0"}
GRACE_S = 1.0
"""That a heartbeat may be late, above twice its interval."""


class CallbackDesk:
    """The subscriptions of one router whose events subgraphs send.

    Attributes:
        worker: name of this one of several processes, with which its ids begin; empty if there is but one.
    """

    def __init__(self) -> None:
        self.worker = ""
        self._open: dict[str, CallbackEvents] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, subgraph: str, config: CallbackConfig) -> "CallbackEvents":
        """Expect the events of one more subscription."""
        events = CallbackEvents(self, subgraph, config)
        self._open[events.id] = events
        return events

    def close(self, id_: str) -> None:
        """Know nothing of a subscription any more."""
        self._open.pop(id_, None)

    async def handle(self, exchange: "Exchange", id_: str) -> None:
        """Answer a request of a subgraph.

        Raises:
            Rejected: it is not the protocol, or not of a subgraph that was asked.
            ClientGone: it hung up.
        """
        context, relay = exchange.context, exchange.app.relay
        if relay is not None and id_ not in self._open and await relay.forward(exchange, id_[:NAME_LENGTH], b""):
            return
        context.response_headers.update(PROTOCOL)
        if context.method != "POST":
            raise Rejected.one("METHOD_NOT_ALLOWED", "Use POST.", status=405, headers={"allow": "POST"})
        body = await read_body(context.headers, exchange.receive, exchange.app.config)
        try:
            message = load_reply(body, exactly=True)
        except ValueError as error:
            raise _malformed("The body is not JSON.") from error
        if not isinstance(message, dict) or message.get("kind") != "subscription":
            raise _malformed('The body must be an object with `kind: "subscription"`.')
        if message.get("id") != id_:
            raise _malformed("The id in the body is not that of the URL.")
        events = self._open.get(id_)
        if events is None:
            raise Rejected.one("NOT_FOUND", "There is no such subscription.", status=404)
        verifier = message.get("verifier")
        if not isinstance(verifier, str) or not hmac.compare_digest(verifier.encode(), events.verifier.encode()):
            raise Rejected.one("CALLBACK_FORBIDDEN", "The verifier is not the one of this subscription.", status=401)
        await exchange.respond(await self._take(message, events, exchange.app.config.event_stream.send_timeout_s), b"")

    async def _take(self, message: dict[str, Any], events: "CallbackEvents", timeout_s: float) -> int:
        """Take a message of a subgraph; returns the status of the answer."""
        events.is_alive()
        action = message.get("action")
        if action == "check":
            return 204
        try:
            async with asyncio.timeout(timeout_s):
                if action == "next":
                    payload = message.get("payload")
                    if not isinstance(payload, dict):
                        raise _malformed("`payload` must be an object.")
                    await events.put(payload)
                    return 200
                if action == "complete":
                    events.complete(message.get("errors"))
                    return 202
        except TimeoutError as error:
            text = "The client does not take its events; send this one again."
            raise Rejected.one("SUBSCRIPTION_TOO_SLOW", text, status=503) from error
        raise _malformed("`action` must be check, next or complete.")


class CallbackEvents:
    """What a subgraph sends for one subscription; see `hooks.EventStream`."""

    __slots__ = (
        "_desk", "_heartbeat_s", "_is_complete", "_is_over", "_last", "_last_sign", "_queue", "_subgraph", "id",
        "verifier",
    )  # fmt: skip

    def __init__(self, desk: CallbackDesk, subgraph: str, config: CallbackConfig) -> None:
        worker = bytes.fromhex(desk.worker)
        self.id = str(uuid.UUID(bytes=worker + secrets.token_bytes(16 - len(worker)), version=4))
        self.verifier = secrets.token_urlsafe(32)
        self._desk = desk
        self._subgraph = subgraph
        self._heartbeat_s = config.heartbeat_s
        self._queue: asyncio.Queue[Any] = asyncio.Queue(config.max_queued_events)
        self._is_over = False
        self._is_complete = False
        self._last: Any = None
        self.is_alive()

    def is_alive(self) -> None:
        """The subgraph has given a sign of life."""
        self._last_sign = asyncio.get_running_loop().time()

    async def put(self, event: Any) -> None:
        """Take an event; waits while too many wait for the client."""
        await self._queue.put(event)

    def complete(self, errors: Any) -> None:
        """There are no more events; those that wait are still taken, and then the errors, if there are some."""
        self._desk.close(self.id)
        self._is_complete = True
        if errors:
            self._last = {"data": None, "errors": errors}
        if self._queue.empty():
            self._queue.put_nowait(None)  # somebody may wait

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._is_over:
            raise StopAsyncIteration
        event = None if self._is_complete and self._queue.empty() else await self._next()
        if event is None:
            event, self._last = self._last, None
            if event is None:
                await self.aclose()
                raise StopAsyncIteration
        return event

    async def _next(self) -> Any:
        if not self._heartbeat_s:
            return await self._queue.get()
        patience_s = 2 * self._heartbeat_s + GRACE_S
        while True:
            try:
                async with asyncio.timeout_at(self._last_sign + patience_s):
                    return await self._queue.get()
            except TimeoutError:
                if asyncio.get_running_loop().time() >= self._last_sign + patience_s:
                    await self.aclose()
                    raise interrupted(self._subgraph) from None

    async def aclose(self) -> None:
        """Be unknown from now on, so that the subgraph learns at its next request that nobody wants more."""
        self._is_over = True
        self._desk.close(self.id)
        while not self._queue.empty():  # a request that waits for room is let go
            self._queue.get_nowait()


class CallbackTransport(Layer):
    """Opens the subscriptions of subgraphs that send their events; see `Transport`.

    Args:
        desk: outlives the transport when the supergraph or the settings change.
    """

    def __init__(self, inner: Transport, desk: CallbackDesk, config: CallbackConfig) -> None:
        super().__init__(inner)
        self._desk = desk
        self._config = config

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Ask for events and wait for them here; see `Transport.subscribe`."""
        if call.protocol != "http-callback":
            return await self.inner.subscribe(call, timeout_s)
        events = self._desk.open(call.subgraph, self._config)
        try:
            reply = await self._sent(self._asking(call, events), timeout_s)
            is_accepted = reply.status < 300 and _is_nothing_yet(reply.body)
        except BaseException:
            await events.aclose()
            raise
        if not is_accepted:
            await events.aclose()
            return reply
        events.is_alive()
        return SubgraphReply(reply.status, reply.headers, b"", events)

    def _asking(self, call: SubgraphCall, events: CallbackEvents) -> SubgraphCall:
        """The operation, with where its events shall go."""
        body = orjson.loads(call.body)
        subscription = {
            "callbackUrl": f"{self._config.public_url}/{events.id}",
            "subscriptionId": events.id,
            "verifier": events.verifier,
            "heartbeatIntervalMs": round(self._config.heartbeat_s * 1000),
        }
        body["extensions"] = {**body.get("extensions", {}), "subscription": subscription}
        return replace(call, headers={**call.headers, "accept": ACCEPT}, body=orjson.dumps(body))

    async def _sent(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[SubgraphReply | SubgraphError] = loop.create_future()

        def on_reply(outcome: SubgraphReply | SubgraphError) -> None:
            if not answered.done():
                answered.set_result(outcome)

        pending = self.inner.send(call, loop.time() + timeout_s, on_reply)
        try:
            outcome = await answered
        finally:
            pending.cancel()
        if isinstance(outcome, SubgraphError):
            raise outcome
        return outcome


def _is_nothing_yet(body: bytes) -> bool:
    """Whether an answer says neither data nor errors: the events will come."""
    if not body:
        return True
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and answer.get("data") is None and not answer.get("errors")


def _malformed(message: str) -> Rejected:
    return Rejected.one("BAD_REQUEST", message, status=400)
