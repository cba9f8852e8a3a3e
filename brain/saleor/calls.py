"""One request to a tenant's Saleor: where it goes, with whose token and which channel, and what becomes of its answer.

It never gets the context header: that is for subgraphs of ours.
"""

import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import orjson

from brain.caller import Caller
from brain.saleor.channel_rules import CHANNEL, channel_rules
from brain.saleor.channels import ChannelRefused, Channels, hold, named_channels
from brain.saleor.links import LinkUnavailable, SaleorLink, SaleorLinks
from brain.saleor.replies import cost_of, error_reply, has_errors, is_expired, readable
from brain.saleor.service_tokens import ServiceTokens
from router import Supergraph
from router.hooks import Send, SubgraphCall, SubgraphReply

__all__ = ["READ_SCOPE", "TOKEN_HEADER", "WRITE_SCOPE", "SaleorCalls"]

TOKEN_HEADER: Final = "authorization-bearer"  # noqa: S105 - a name
"""With what a client sends the token that it has of Saleor itself; the same with which Saleor takes it."""

READ_SCOPE: Final = "saleor:read"
WRITE_SCOPE: Final = "saleor:write"
"""Who has these acts as the platform's app: that may see and do what no customer may."""

_FORWARDED_FOR: Final = "x-forwarded-for"
_NOT_SENT: Final = frozenset({"authorization", TOKEN_HEADER, _FORWARDED_FOR, "forwarded", "x-real-ip", "cookie"})
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")

_log = logging.getLogger("brain.saleor")


class SaleorCalls:
    """Sends what a plan asks of Saleor.

    Args:
        links: which Saleor a tenant has.
        tokens: what is sent to those where the platform acts as a user.
        supergraph: the one that is served now.

    Attributes:
        costs: what Saleors said that requests have cost, by operation type.
    """

    def __init__(self, links: SaleorLinks, tokens: ServiceTokens, supergraph: Callable[[], Supergraph]) -> None:
        self._links = links
        self._tokens = tokens
        self._supergraph = supergraph
        self._read: Supergraph | None = None
        self._channels: Channels | None = None
        self.costs: dict[tuple[str, ...], float] = {}

    def send(self, call: SubgraphCall, send: Send, caller: Caller) -> Awaitable[SubgraphReply] | SubgraphReply:
        """The answer of the tenant's Saleor, or why there is none."""
        try:
            link = self._links.of(caller)
        except LinkUnavailable as error:
            return _unavailable(error, call, caller)
        if link is None or isinstance(link, SaleorLink):
            return self._send(link, call, send, caller)
        return self._sent_when_known(link, call, send, caller)

    def holds(self, call: SubgraphCall) -> bool:
        """Whether a mutation of a subgraph of ours stores channels, so that it is to be `held`."""
        return call.subgraph in channel_rules().held_in_mutations and CHANNEL.encode() in call.body

    async def held(self, call: SubgraphCall, caller: Caller) -> SubgraphReply | None:
        """The answer to such a call if it names a channel that is not the tenant's; None: it may be sent."""
        named = named_channels(orjson.loads(call.body))
        if not named:
            return None
        try:
            link = self._links.of(caller)
            if link is not None and not isinstance(link, SaleorLink):
                link = await link
        except LinkUnavailable as error:
            return _unavailable(error, call, caller)
        if link is None:
            return _not_linked()
        try:
            hold(named, link)
        except ChannelRefused as error:
            return error_reply(error.code, str(error))
        return None

    async def _sent_when_known(
        self, link: Awaitable[SaleorLink | None], call: SubgraphCall, send: Send, caller: Caller
    ) -> SubgraphReply:
        try:
            known = await link
        except LinkUnavailable as error:
            return _unavailable(error, call, caller)
        reply = self._send(known, call, send, caller)
        return reply if isinstance(reply, SubgraphReply) else await reply

    def _send(
        self, link: SaleorLink | None, call: SubgraphCall, send: Send, caller: Caller
    ) -> Awaitable[SubgraphReply] | SubgraphReply:
        if link is None:
            return _not_linked()
        # An empty header is none: some clients send one for who is not logged in at the shop.
        own = call.context.headers.get(TOKEN_HEADER, "").strip() or None
        if own is not None and _TOKEN.fullmatch(own) is None:
            return _no_token()
        try:
            call.body = orjson.dumps(self._channels_now().apply(orjson.loads(call.body), link))
        except ChannelRefused as error:
            return error_reply(error.code, str(error))
        call.url = link.url
        headers = {name: value for name, value in call.headers.items() if name.lower() not in _NOT_SENT}
        address = _address(call.context.client)
        if address is not None:
            headers[_FORWARDED_FOR] = address
        call.headers = headers
        # Whose address it is makes no difference to the answer; whose token it is does, and is compared.
        call.share_as = {_FORWARDED_FOR: call.context.partition}
        if own is not None:
            token: str | None = own
        elif (WRITE_SCOPE if call.operation_type == "mutation" else READ_SCOPE) not in caller.scopes:
            token = None
        elif link.refresh_token is not None:
            return self._send_as_user(link, call, send, caller)
        else:
            token = link.app_token
        is_nobodys = token is None and own is None and caller.via == "anonymous"
        return self._sent(call, send, token, is_nobodys=is_nobodys)

    def _sent(
        self, call: SubgraphCall, send: Send, token: str | None, *, is_nobodys: bool = False
    ) -> Awaitable[SubgraphReply]:
        if token is not None:
            call.headers[TOKEN_HEADER] = token
        return send(call).then(partial(self._accepted, call.operation_type, is_nobodys))

    async def _send_as_user(self, link: SaleorLink, call: SubgraphCall, send: Send, caller: Caller) -> SubgraphReply:
        """With the access token of the user that the link acts as; once more if that has just ended.

        Saleor looks at the token before it does anything: what it refuses for that was not done.
        """
        try:
            token = await self._tokens.get(link)
            reply = await self._sent(call, send, token)
            if not is_expired(reply) or call.stream is not None:  # files can be sent on once
                return reply
            return await self._sent(call, send, await self._tokens.get(link, instead_of=token))
        except LinkUnavailable as error:
            return _unavailable(error, call, caller)

    def _channels_now(self) -> Channels:
        supergraph = self._supergraph()
        if self._channels is None or supergraph is not self._read:
            self._channels, self._read = Channels(supergraph), supergraph
        return self._channels

    def _accepted(self, operation_type: str, is_nobodys: bool, reply: SubgraphReply) -> SubgraphReply:
        cost = cost_of(reply)
        if cost:
            key = (operation_type,)
            self.costs[key] = self.costs.get(key, 0) + cost
        return readable(reply, is_nobodys=is_nobodys) if has_errors(reply) else reply


def _address(client: str | None) -> str | None:
    """The client's address if it is one: a Saleor counts failed log-ins by it."""
    try:
        return None if client is None else str(ipaddress.ip_address(client))
    except ValueError:
        return None


def _not_linked() -> SubgraphReply:
    message = "This tenant has no shop; name a tenant that has, or link this one to its Saleor."
    return error_reply("SALEOR_NOT_LINKED", message)


def _no_token() -> SubgraphReply:
    message = (
        "`Authorization-Bearer` holds no token: send the one that `tokenCreate` gave, alone (at most 8192 characters, "
        "none of them a space), or leave the header out."
    )
    return error_reply("UNAUTHENTICATED", message)


def _unavailable(error: LinkUnavailable, call: SubgraphCall, caller: Caller) -> SubgraphReply:
    fields: dict[str, Any] = {
        "tenant": caller.tenant_slug or caller.tenant_id,
        "request_id": call.context.request_id,
        "reason": str(error),
    }
    _log.error("the link to the tenant's Saleor cannot be used", extra={"fields": fields})
    return error_reply("SALEOR_LINK_UNAVAILABLE", "The shop of this tenant cannot be reached right now.")
