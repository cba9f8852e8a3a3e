"""What the catalogue says of an integration and of an agent. Plain frozen data: `loader` makes it, nothing changes it.

Templates: in a path, a header and a base URL `{name}` stands for a value; in a query and a body the string `$name`
stands for an argument as it is, and an entry whose argument was not given is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = [
    "Agent",
    "Auth",
    "AuthScheme",
    "Body",
    "Catalogue",
    "CredentialField",
    "ErrorShape",
    "Idempotency",
    "Integration",
    "Operation",
    "Pagination",
    "PaginationStyle",
    "Pattern",
    "PatternRole",
    "Place",
    "Quota",
    "RateLimit",
    "Reset",
    "Risk",
    "Secret",
    "TokenGrant",
    "UrlVariable",
]


class Risk(StrEnum):
    """What an operation can do: only look, change something, or move money."""

    READ = "READ"
    WRITE = "WRITE"
    MONEY = "MONEY"

    def allows(self, other: "Risk") -> bool:
        """Whether a ceiling of this risk lets `other` pass."""
        order = tuple(Risk)
        return order.index(other) <= order.index(self)


class AuthScheme(StrEnum):
    """How a provider knows us; `Auth` has the particulars."""

    BEARER = "bearer"
    HEADER_KEY = "header_key"
    PATH_TOKEN = "path_token"  # noqa: S105 - a name
    BASIC = "basic"
    OAUTH2_CLIENT_CREDENTIALS = "oauth2_client_credentials"
    OAUTH2_REFRESH_TOKEN = "oauth2_refresh_token"  # noqa: S105 - a name
    LWA = "lwa"


class Place(StrEnum):
    """Where in a request something goes."""

    HEADER = "header"
    QUERY = "query"
    BODY = "body"
    PATH = "path"
    BASIC = "basic"


class Body(StrEnum):
    """How the body of a request is written."""

    NONE = "none"
    JSON = "json"
    FORM = "form"
    TEXT = "text"


class PaginationStyle(StrEnum):
    """How a provider gives the rest of a list."""

    CURSOR = "cursor"  # a value of the last reply is sent back
    LAST_ITEM = "last_item"  # the last item's own id is sent back
    PAGE = "page"
    OFFSET = "offset"
    LINK_HEADER = "link_header"
    NEXT_URL = "next_url"  # the reply has the address of the next page


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One value that a tenant stores in Vault for an integration.

    Attributes:
        secret: whether it may be shown; an account's number is not secret, its key is.
        pattern: regular expression that a value matches as a whole, or None.
    """

    name: str
    description: str
    secret: bool = True
    required: bool = True
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class UrlVariable:
    """A name in the base URL or in paths. Its value is one of `choices`, or what matches `pattern` as a whole.

    Attributes:
        credential: field of the credentials that it comes from.
        choices: what each allowed value of the field stands for; empty if `pattern` decides.
        default: used if the credentials have no such field.
    """

    name: str
    credential: str
    pattern: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that authenticates a request, and where it goes. `value` is a template of credentials' names."""

    place: Place
    name: str
    value: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """How an access token is got.

    Attributes:
        url: where, a template as the base URL.
        client_auth: whether client id and secret go as basic authentication or in the body.
        fields: of the body, templates of credentials' names, and constants.
        rotates: the reply has a new refresh token that replaces the old one.
        expires_default_s: taken if the reply says nothing.
    """

    url: str
    fields: Mapping[str, str]
    client_auth: Place = Place.BODY
    body: Body = Body.FORM
    rotates: bool = False
    expires_default_s: int = 3600
    client_id: str = "client_id"
    client_secret: str = "client_secret"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class Auth:
    """How requests are authenticated. With a `grant` the secrets may use `{access_token}`."""

    scheme: AuthScheme
    secrets: tuple[Secret, ...]
    grant: TokenGrant | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Where a provider says how long to wait, besides `Retry-After`.

    Attributes:
        place: a header, or the body (then `name` is a dotted path).
        unit: `seconds` from now, or the Unix time (`epoch`).
        remaining: header that is `0` if a refusal with status 403 means the limit, or empty.
    """

    place: Place
    name: str
    unit: str = "seconds"
    remaining: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """A budget of units per day that operations use up in different amounts."""

    units_per_day: int
    unit: str = "units"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests a provider takes from one account, as documented or a careful share of it.

    Attributes:
        reset, quota: None if it has no such thing.
        wait_s: the pause that the documentation asks for where the answer does not say; 0 if it asks for none.
    """

    requests: int
    per_s: float
    burst: int
    reset: Reset | None = None
    quota: Quota | None = None
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Pagination:
    """How the rest of a list is got. What a style does not use is empty.

    Attributes:
        parameter: name of what is sent for the next page; `place` says where.
        cursor: dotted path of the cursor or of the next address in a reply.
        more: dotted path of a truth value that says that there is more.
        items: dotted path of the list in a reply.
        size_parameter, size: how large a page is asked for.
        total: dotted path of the number of all items (offset) or of all pages (page).
        continue_path: the rest is got from here, with nothing but the cursor in the body.
        pages: of one call at most; 0: as many as the connector allows.
    """

    style: PaginationStyle
    items: str
    parameter: str = ""
    place: Place = Place.QUERY
    cursor: str = ""
    more: str = ""
    size_parameter: str = ""
    size: int = 0
    start: int = 1
    item_id: str = "id"
    total: str = ""
    continue_path: str = ""
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What makes a provider do a repeated write once: a header, or a field of the body (a dotted path).

    Attributes:
        hashed: the provider takes letters and digits only, so it gets a digest of the key.
    """

    place: Place
    name: str
    hashed: bool = False


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """How a provider says that something failed. Paths are dotted; the first that leads to something counts.

    Attributes:
        failure: path whose value tells failure in a reply with status 200, or empty.
        success_values: values at `failure` that mean success.
        auth_codes, rate_codes: values of `code` that mean so whatever the status is.
    """

    message: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    failure: str = ""
    success_values: tuple[Any, ...] = ()
    auth_codes: frozenset[str] = frozenset()
    rate_codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be done with a provider.

    Attributes:
        arguments: JSON schema of the arguments, an object without further properties.
        query, body, headers: templates, see the module.
        result: dotted path of what is handed on of a reply; empty for all of it.
        result_header: header with the id of what was made, handed on as `id` where the reply has no body.
        success: statuses that mean success, if others than 200 to 299.
        repeatable: done twice it changes nothing more (also true of every READ).
        cost: how many units of the integration's quota it takes.
    """

    integration: str
    name: str
    description: str
    risk: Risk
    method: str
    path: str
    arguments: Mapping[str, Any]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    body_kind: Body = Body.NONE
    headers: Mapping[str, str] = field(default_factory=dict)
    result: str = ""
    result_header: str = ""
    pagination: Pagination | None = None
    success: frozenset[int] = frozenset()
    repeatable: bool = False
    idempotency: Idempotency | None = None
    cost: int = 1

    @property
    def tool(self) -> str:
        """Its name among all tools: `integration.operation`."""
        return f"{self.integration}.{self.name}"

    @property
    def may_retry(self) -> bool:
        """Whether it can be sent again though the first try may have been done."""
        return self.risk is Risk.READ or self.repeatable


@dataclass(frozen=True, slots=True)
class Integration:
    """A provider: where it is, how it knows us, what can be done there, and how many agents do it.

    Attributes:
        timeout_s: how long an answer is waited for.
        omits_empty: its answers leave out lists and fields that are empty.
    """

    name: str
    title: str
    category: str
    docs: str
    base_url: str
    auth: Auth
    credentials: tuple[CredentialField, ...]
    variables: tuple[UrlVariable, ...]
    headers: Mapping[str, str]
    rate_limit: RateLimit
    errors: ErrorShape
    operations: Mapping[str, Operation]
    health: str
    health_arguments: Mapping[str, Any]
    pattern: int
    version: str = ""
    timeout_s: float = 20.0
    omits_empty: bool = False

    @property
    def credential_path(self) -> str:
        """Where a tenant's credentials lie in Vault, with `{tenant}` for its id."""
        return "tenants/{tenant}/integrations/" + self.name


@dataclass(frozen=True, slots=True)
class PatternRole:
    """One role of a pattern.

    Attributes:
        ceiling: the gravest risk of the tools it is given.
        role, backstory, expected_output: templates of the integration's `title`.
        after: roles whose outputs it is given.
    """

    name: str
    role: str
    backstory: str
    task: str
    expected_output: str
    ceiling: Risk
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """How many agents share the work of an integration, and how."""

    agents: int
    name: str
    description: str
    roles: tuple[PatternRole, ...]


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent.

    Attributes:
        integration: None for those of the platform.
        tools: full names of what it may use; it proposes those that are not READ, and never runs them itself.
    """

    name: str
    role: str
    goal: str
    backstory: str
    integration: str | None
    pattern: int
    position: str
    ceiling: Risk
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it. `version` changes with any change of the data."""

    integrations: Mapping[str, Integration]
    agents: Mapping[str, Agent]
    patterns: Mapping[int, Pattern]
    version: str

    def operation(self, tool: str) -> Operation:
        """The operation with this full name (`stripe.create_refund`).

        Raises:
            KeyError: there is none.
        """
        integration, _, name = tool.partition(".")
        return self.integrations[integration].operations[name]

    def agents_of(self, integration: str) -> tuple[Agent, ...]:
        """The integration's crew, in the order of its pattern."""
        return tuple(agent for agent in self.agents.values() if agent.integration == integration)
