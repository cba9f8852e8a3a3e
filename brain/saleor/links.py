"""Which Saleor a tenant has: its address, the channels that are the tenant's, and the token of our app there.

A tenant's link is, the first that there is:

1. the secret `integrations/saleor` of the tenant in the Vault;
2. the tenant's entry in the file of `saleor_links_file`, by slug;
3. what follows from `saleor_url` and the channel that identity has for the tenant.

Fields of the first two, all texts: `url` (if missing: `saleor_url`, with the tenant's slug for `{tenant}`), `channel`
(what is put where a client names none; if missing, that of identity), `channels` (what else a client may name, with
commas; `*` for a Saleor all of whose channels are the tenant's), and `app_token`, or `refresh_token` of a user there.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml

from brain.caller import Caller
from brain.recent import RecentAnswers
from brain.saleor import NAME

__all__ = ["LinkUnavailable", "SaleorLink", "SaleorLinks", "SaleorSecrets", "read_links_file"]

_LIFETIME_S = 30.0
_MAX_TENANTS = 10_000
_FIELDS = frozenset({"url", "channel", "channels", "app_token", "refresh_token"})
_URL = re.compile(r"https?://[^\s/{}]+(/[^\s{}]*)?")
_PLACE = "{tenant}"
_ALL = "*"
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TOKEN = re.compile(r"[\x21-\x7e]+")

Fields = Mapping[str, str]


class LinkUnavailable(Exception):
    """A tenant's link cannot be read, or is wrong. The message is for the log."""


class Secrets(Protocol):
    """Tenants' secrets: the Vault."""

    async def read(self, name: str, tenant: str) -> Mapping[str, Any] | None:
        """The stored fields, or None."""


class SaleorSecrets:
    """Tenants' links as the Vault has them."""

    def __init__(self, vault: Secrets) -> None:
        self._vault = vault

    async def of(self, tenant_id: str) -> Fields | None:
        """The fields of the tenant's link, or None.

        Raises:
            LinkUnavailable: the Vault does not say.
        """
        try:
            found = await self._vault.read(f"integrations/{NAME}", tenant_id)
        except Exception as error:  # whatever it is: without its word no other link may be taken
            raise LinkUnavailable(f"{type(error).__name__}: {error}") from error
        return None if found is None else {name: str(value) for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class SaleorLink:
    """A tenant's Saleor.

    Attributes:
        url: of its GraphQL endpoint, with its final slash.
        channel: slug that is put where a client names none; None: nothing is put.
        channels: slugs that a client may name; None: any, because all that there are are the tenant's.
        app_token: of our app there; None if there is none.
        refresh_token: of a user there that we act as, if there is no app.
    """

    url: str
    channel: str | None = None
    channels: frozenset[str] | None = None
    app_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    def admits(self, channel: str) -> bool:
        """Whether a client of the tenant may name the channel."""
        return self.channels is None or channel in self.channels


class SaleorLinks:
    """The links of all tenants, each remembered for half a minute.

    Args:
        default_url: `saleor_url`.
        entries: of the file, by tenant's slug.
        secrets: None where there is no Vault.
    """

    def __init__(
        self, default_url: str | None, entries: Mapping[str, Fields] | None = None, secrets: SaleorSecrets | None = None
    ) -> None:
        self._default_url = default_url
        self._entries = entries or {}
        self._secrets = secrets
        self._recent: RecentAnswers[tuple[str, str | None, str | None], SaleorLink | None] = RecentAnswers(
            _LIFETIME_S, _MAX_TENANTS
        )

    def of(self, caller: Caller) -> SaleorLink | Awaitable[SaleorLink | None] | None:
        """The link of the caller's tenant, or None; to be awaited if it has to be looked up.

        Raises:
            LinkUnavailable: at once, or when awaited.
        """
        if caller.tenant_id is None:
            return None
        # The slug and the channel come from identity: a change there is another key.
        key = caller.tenant_id, caller.tenant_slug, caller.channel
        known = self._recent.known(key)
        if known is not None:
            return known[1]
        return self._recent.get(key, self._looked_up(caller))

    def _looked_up(self, caller: Caller) -> Callable[[], Awaitable[SaleorLink | None]]:
        async def look_up() -> SaleorLink | None:
            assert caller.tenant_id is not None
            fields: Fields | None = None
            if self._secrets is not None:
                fields = await self._secrets.of(caller.tenant_id)
            if fields is None and caller.tenant_slug is not None:
                fields = self._entries.get(caller.tenant_slug)
            return self._made(fields, caller)

        return look_up

    def _made(self, fields: Fields | None, caller: Caller) -> SaleorLink | None:
        default = self._default_url
        if default is not None and _PLACE in default:
            slug = caller.tenant_slug
            default = default.replace(_PLACE, slug) if slug is not None and _SLUG.fullmatch(slug) else None
        elif fields is None and caller.channel is None:
            return None  # a Saleor that tenants share, in which this one has no part
        if fields is None:
            fields = {}
            if default is None:
                return None
        check(fields)
        url = fields.get("url") or default
        if url is None:
            raise LinkUnavailable("the link has no url, and saleor_url gives none")
        channel = fields.get("channel") or caller.channel
        named = {name.strip() for name in fields.get("channels", "").split(",")} - {""}
        if channel is not None:
            named.add(channel)
        if not named:
            raise LinkUnavailable(f"the link names no channel; where all are the tenant's: channels: '{_ALL}'")
        return SaleorLink(
            url,
            channel,
            None if _ALL in named else frozenset(named),
            fields.get("app_token") or None,
            fields.get("refresh_token") or None,
        )


def check(fields: Fields) -> None:
    """Look at the fields of a link.

    Raises:
        LinkUnavailable: one cannot be right; the message has no value.
    """
    unknown = sorted(fields.keys() - _FIELDS)
    if unknown:
        raise LinkUnavailable(f"the link has unknown fields: {', '.join(unknown)}")
    if fields.get("url") and not _URL.fullmatch(fields["url"]):
        raise LinkUnavailable("url must be an http or https address")
    for name in ("app_token", "refresh_token"):
        if fields.get(name) and not _TOKEN.fullmatch(fields[name]):
            raise LinkUnavailable(f"{name} has characters that no header takes")
    if fields.get("app_token") and fields.get("refresh_token"):
        raise LinkUnavailable("it is either app_token or refresh_token")


def read_links_file(file: Path) -> dict[str, dict[str, str]]:
    """The entries of a file of links: YAML, by tenant's slug.

    Raises:
        ValueError: it cannot be read, or an entry cannot be right; the message names the file and the tenant.
    """
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{file}: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file}: it must be a map from tenants' slugs to their links")  # noqa: TRY004 - of a file
    entries: dict[str, dict[str, str]] = {}
    for slug, entry in content.items():
        if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
            raise ValueError(f"{file}: the link of {slug!r} must be a map of texts")
        try:
            check(entry)
        except LinkUnavailable as error:
            raise ValueError(f"{file}: {slug!r}: {error}") from error
        entries[str(slug)] = {str(name): value for name, value in entry.items()}
    return entries
