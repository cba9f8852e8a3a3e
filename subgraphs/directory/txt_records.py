"""Asks the domain of a business for the token of a claim, by DNS."""

from collections.abc import Sequence
from contextlib import suppress

import dns.asyncresolver
import dns.exception
import dns.resolver

__all__ = ["TxtRecords"]

_TIMEOUT_S = 5.0
_MOST = 50
"""Texts that are looked at: names have few, and nobody is to make us read more."""


class TxtRecords:
    """Asks the name servers that this machine uses, and no others, be they named by whom they like.

    Attributes:
        servers: addresses of name servers to ask in their place, for tests; None: those of this machine.
        port: theirs.
    """

    def __init__(self, servers: Sequence[str] | None = None, port: int = 53) -> None:
        self.servers = servers
        self.port = port

    async def shows(self, name: str, token: str) -> bool:
        """Whether `name` has a text that is `token`; no if there is none that can be read in time."""
        with suppress(dns.exception.DNSException, OSError, ValueError):
            resolver = dns.asyncresolver.Resolver(configure=self.servers is None)
            if self.servers is not None:
                resolver.nameservers, resolver.port = list(self.servers), self.port
            # Made for one question: what was true a minute ago is not what is asked.
            resolver.cache = None
            answer = await resolver.resolve(name, "TXT", search=False, lifetime=_TIMEOUT_S)
            texts = (b"".join(record.strings).strip() for record in list(answer)[:_MOST])
            return token.encode() in texts
        return False
