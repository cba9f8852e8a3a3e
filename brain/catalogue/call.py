"""One call of an operation: its pages, tries, pauses and renewals of credentials."""

import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from brain.catalogue import templates
from brain.catalogue.access_tokens import AccessTokens, basic
from brain.catalogue.arguments import check_arguments
from brain.catalogue.credentials import Credentials, CredentialSource, checked
from brain.catalogue.descriptors import Integration, Operation, Pagination, Place, Risk
from brain.catalogue.errors import (
    AuthenticationFailed,
    ConnectorError,
    InvalidArguments,
    Malformed,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from brain.catalogue.exchange import Answer, AnswerTooLarge, ConnectionLost, NoAnswer, NotSent, exchange
from brain.catalogue.paging import ElsewherePage, first_page, next_page
from brain.catalogue.rate_limits import QuotaSpent, RateLimits
from brain.catalogue.replies import (
    Meaning,
    NotJson,
    code_of,
    find,
    meaning,
    message_of,
    parse,
    present,
    retry_after_s,
)
from brain.catalogue.requests import Request, base_address, build, encode

__all__ = ["Bounds", "Call", "ConnectorResult", "Means"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a call may take.

    Attributes:
        attempts: how often a request is sent at most.
        wait_s: the longest pause that is waited out; a longer one is the caller's business.
        call_s: the whole call, pages and pauses included.
        pages, items, answer_bytes: of one call, and of one answer.
        backoff_s: the pause before the first further try; it doubles.
    """

    attempts: int = 3
    wait_s: float = 30.0
    call_s: float = 120.0
    pages: int = 10
    items: int = 1000
    answer_bytes: int = 5_000_000
    backoff_s: float = 0.5


@dataclass(frozen=True, slots=True)
class ConnectorResult:
    """What a provider gave.

    Attributes:
        data: what the operation's `result` selects; of a list, the items of all pages got.
        pages: how many were got.
        complete: whether a list is whole, or was cut at the bounds.
        status: of the last answer.
        requests: how many were sent to the provider for it, those for access tokens not counted.
    """

    data: Any
    pages: int
    complete: bool
    status: int
    requests: int


@dataclass(frozen=True, slots=True)
class Means:
    """What all calls of a connector share."""

    transport: httpx.AsyncBaseTransport
    source: CredentialSource
    tokens: AccessTokens
    limits: RateLimits
    bounds: Bounds
    sleep: Callable[[float], Awaitable[None]]


class Call:
    """One call: its pages, tries and pauses."""

    def __init__(
        self, means: Means, tenant: str, integration: Integration, operation: Operation, max_pages: int | None
    ) -> None:
        self._means = means
        self._bounds = means.bounds
        self._tenant = tenant
        self._integration = integration
        self._operation = operation
        self._max_pages = min(max_pages or means.bounds.pages, means.bounds.pages)
        self._credentials: Credentials
        self._token = ""
        self._refused_token = ""
        self.requests = 0
        self.in_flight = False
        self.safe = operation.may_retry or operation.idempotency is not None

    async def run(self, arguments: Mapping[str, Any], idempotency_key: str | None) -> ConnectorResult:
        """Do it.

        Raises:
            ConnectorError: as the connector says.
        """
        operation, integration = self._operation, self._integration
        check_arguments(operation, arguments)
        self._credentials = await self._read_credentials()
        if operation.idempotency is not None and idempotency_key is None:
            idempotency_key = str(uuid.uuid4())  # our own tries at least are one
        request = build(integration, operation, arguments, self._credentials, idempotency_key)
        if operation.pagination is not None:
            return await self._pages(request, operation.pagination)
        answer, data = await self._send(request)
        return ConnectorResult(self._select(answer, data), 1, True, answer.status, self.requests)

    async def _pages(self, request: Request, pagination: Pagination) -> ConnectorResult:
        items: list[Any] = []
        following: Request | None = first_page(pagination, request)
        pages, most = 0, min(self._max_pages, pagination.pages or self._max_pages)
        while following is not None and pages < most and len(items) < self._bounds.items:
            request = following
            answer, data = await self._send(request)
            pages += 1
            found = self._found(data, pagination.items)
            if found is None:
                found = []
            if not isinstance(found, list):
                raise self._malformed(f"{pagination.items or 'the answer'} is no list")
            items += found
            try:
                following = next_page(pagination, self._base(), request, answer, data, pages, len(items))
            except ElsewherePage:
                raise self._malformed("the next page would be on another host") from None
            if following == request:
                raise self._malformed("the next page is this page")
        complete = following is None and len(items) <= self._bounds.items
        return ConnectorResult(items[: self._bounds.items], pages, complete, answer.status, self.requests)

    async def _send(self, request: Request) -> tuple[Answer, Any]:
        """Send a request, again where that is safe and can help, until it succeeds or fails for good."""
        renewed = False
        redirects = 0
        tries = 0
        while True:
            authenticated = await self._authenticate(request)
            await self._take_place()
            tries += 1
            try:
                answer = await self._exchange(authenticated)
            except _Failed as failure:
                if tries < self._bounds.attempts and (self.safe or not failure.sent):
                    await self._back_off(tries)
                    continue
                raise failure.error from None
            try:
                data = parse(answer)
            except NotJson:
                data = None
                if 200 <= answer.status < 300:
                    raise self._malformed("the answer is not JSON") from None
            verdict = meaning(self._operation, self._integration.errors, self._integration.rate_limit, answer, data)
            if verdict is Meaning.SUCCESS:
                return answer, data
            if verdict is Meaning.AUTHENTICATION and not renewed:
                newer = await self._renew(request)
                if newer is not None:
                    request, renewed = newer, True
                    tries -= 1
                    continue
            if verdict is Meaning.RATE_LIMIT and await self._wait_for_limit(answer, data, tries):
                continue
            if verdict is Meaning.BROKEN and self.safe and tries < self._bounds.attempts:
                await self._back_off(tries, retry_after_s(self._integration.rate_limit, answer, data))
                continue
            if verdict is Meaning.REDIRECT and redirects < 2:
                target = self._same_host(request, answer)
                if target is not None:
                    request = replace(request, url=target, query={})
                    redirects += 1
                    tries -= 1
                    continue
            raise self._error(verdict, answer, data)

    async def _read_credentials(self) -> Credentials:
        return await checked(self._means.source, self._tenant, self._integration, self._operation.name)

    async def _authenticate(self, request: Request) -> Request:
        auth = self._integration.auth
        values: dict[str, str] = dict(self._credentials)
        if auth.grant is not None:
            self._token = values["access_token"] = await self._means.tokens.get(
                self._tenant, self._integration, self._credentials, self._operation.name, refused=self._refused_token
            )
        headers, query = dict(request.headers), dict(request.query)
        for secret in auth.secrets:
            if secret.optional and any(name not in values for name in templates.names(secret.value)):
                continue
            value = templates.fill_text(secret.value, values)
            if secret.place is Place.BASIC:
                user, _, password = value.partition(":")
                headers["Authorization"] = basic(user, password)
            elif secret.place is Place.QUERY:
                query[secret.name] = value
            else:
                headers[secret.name] = value
        return replace(request, headers=headers, query=query)

    async def _renew(self, request: Request) -> Request | None:
        """The request to send with something newer than what was refused; None if there is nothing newer."""
        before, base = self._credentials, self._base()
        self._credentials = await self._read_credentials()
        if self._integration.auth.grant is not None:
            self._refused_token = self._token
        elif self._credentials.fingerprint == before.fingerprint:
            return None
        # Some providers have the key, or the account's name, in the address.
        return replace(request, url=httpx.URL(str(request.url).replace(str(base), str(self._base()), 1)))

    def _base(self) -> httpx.URL:
        return base_address(self._integration, self._credentials, self._operation.name)

    async def _take_place(self) -> None:
        limits, limit = self._means.limits, self._integration.rate_limit
        try:
            wait_s = limits.take(self._tenant, self._integration.name, limit, self._operation.cost)
        except QuotaSpent as spent:
            assert limit.quota is not None
            raise RateLimited(
                self._integration.name,
                self._operation.name,
                f"the day's {limit.quota.units_per_day} {limit.quota.unit} are used up",
                retry_after_s=spent.resets_in_s,
            ) from None
        if wait_s > self._bounds.wait_s:
            limits.give_back(self._tenant, self._integration.name, limit, self._operation.cost)
            raise RateLimited(
                self._integration.name,
                self._operation.name,
                f"{self._integration.title} is called as fast as it allows",
                retry_after_s=wait_s,
            )
        if wait_s > 0:
            await self._means.sleep(wait_s)

    async def _exchange(self, request: Request) -> Answer:
        name, operation, title = self._integration.name, self._operation.name, self._integration.title
        try:
            url, headers, content = encode(request)
        except ValueError as error:
            raise InvalidArguments(name, operation, str(error)) from None
        self.requests += 1
        self.in_flight = True
        unknown = not self.safe
        try:
            answer = await exchange(
                self._means.transport,
                request.method,
                url,
                headers,
                content,
                timeout_s=self._integration.timeout_s,
                max_bytes=self._bounds.answer_bytes,
            )
        except NotSent as error:
            self.in_flight = False
            raise _Failed(Unreachable(name, operation, f"no connection to {title}: {error}"), sent=False) from None
        except NoAnswer:
            raise _Failed(
                TimedOut(
                    name,
                    operation,
                    f"{title} did not answer within {self._integration.timeout_s:g} s",
                    outcome_unknown=unknown,
                ),
                sent=True,
            ) from None
        except ConnectionLost:
            raise _Failed(
                Unreachable(name, operation, f"the connection to {title} was lost", outcome_unknown=unknown), sent=True
            ) from None
        except AnswerTooLarge:
            raise self._malformed(f"the answer is larger than {self._bounds.answer_bytes} bytes") from None
        self.in_flight = False
        return answer

    async def _back_off(self, tries: int, asked_s: float | None = None) -> None:
        pause_s = self._bounds.backoff_s * 2 ** (tries - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load
        await self._means.sleep(min(max(pause_s, asked_s or 0.0), self._bounds.wait_s))

    async def _wait_for_limit(self, answer: Answer, data: Any, tries: int) -> bool:
        """Keep this tenant's other calls back, too; whether to try again at all."""
        asked_s = retry_after_s(self._integration.rate_limit, answer, data)
        pause_s = asked_s if asked_s is not None else self._bounds.backoff_s * 2**tries
        if pause_s > self._bounds.wait_s or tries >= self._bounds.attempts:
            pause_s = min(pause_s, 3600.0)
            limits, limit = self._means.limits, self._integration.rate_limit
            limits.pause(self._tenant, self._integration.name, limit, pause_s)
            return False
        await self._means.sleep(pause_s)
        return True

    def _same_host(self, request: Request, answer: Answer) -> httpx.URL | None:
        """Where a redirect leads, if it is for reading and within the host that the descriptor names."""
        location = answer.headers.get("location")
        if location is None or self._operation.risk is not Risk.READ or request.method != "GET":
            return None
        url = request.url.join(location)
        here = request.url
        return url if (url.scheme, url.host, url.port) == (here.scheme, here.host, here.port) else None

    def _select(self, answer: Answer, data: Any) -> Any:
        operation = self._operation
        if data is None and operation.result_header:
            return {"id": answer.headers.get(operation.result_header)}
        return self._found(data, operation.result)

    def _found(self, data: Any, path: str) -> Any:
        """What lies at the path. It must be there, unless the provider leaves out what is empty."""
        if present(data, path) or (self._integration.omits_empty and isinstance(data, Mapping)):
            return find(data, path)
        raise self._malformed(f"the answer has no {path}")

    def _error(self, verdict: Meaning, answer: Answer, data: Any) -> ConnectorError:
        integration, operation = self._integration, self._operation
        hidden = (*self._credentials.secrets(), self._token)
        said = message_of(integration.errors, answer, data, hidden)
        code = code_of(integration.errors, data)
        told = f": {said}" if said else ""
        if verdict is Meaning.AUTHENTICATION:
            return AuthenticationFailed(
                integration.name,
                operation.name,
                f"{integration.title} does not take the credentials{told}",
                remedy="Connect the integration again",
            )
        if verdict is Meaning.RATE_LIMIT:
            return RateLimited(
                integration.name,
                operation.name,
                f"{integration.title} limits how often it is called{told}",
                retry_after_s=retry_after_s(integration.rate_limit, answer, data),
            )
        if verdict is Meaning.REDIRECT:
            return ProviderError(
                integration.name,
                operation.name,
                f"{integration.title} wants to send us elsewhere, which is refused",
                status=answer.status,
            )
        broken = verdict is Meaning.BROKEN
        status = f"status {answer.status}" + (f", {code}" if code else "")
        return ProviderError(
            integration.name,
            operation.name,
            f"{integration.title} {'is broken' if broken else 'says no'} ({status}){told}",
            status=answer.status,
            provider_code=code,
            outcome_unknown=broken and not self.safe,
        )

    def _malformed(self, reason: str) -> Malformed:
        return Malformed(
            self._integration.name, self._operation.name, reason, outcome_unknown=self._operation.risk is not Risk.READ
        )


class _Failed(Exception):
    """A request without an answer: the error to raise, and whether the provider may have seen the request."""

    def __init__(self, error: ConnectorError, *, sent: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.sent = sent
