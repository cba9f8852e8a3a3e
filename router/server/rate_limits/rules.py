"""Which bucket of which rule a request takes from."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from router.hooks import RequestContext
from router.server.config.rate_limits import HEADER, RateLimitRule
from router.server.rate_limits.gcra import Rate

__all__ = ["Rule"]

MAX_PARTITION_BYTES = 100
"""In a key as it is; a longer one is a digest."""

Trait = Callable[[RequestContext], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the settings, made ready.

    Attributes:
        seed: says what the rule counts by, so that its buckets are others once it counts by something else.
        needs_operation: whether it counts by operation, so that it applies only once the operation is known.
        policy: what the header `RateLimit-Policy` says of it.
    """

    name: str
    rate: Rate
    seed: bytes
    traits: tuple[Trait, ...]
    needs_operation: bool
    across_partitions: bool
    policy: str

    @classmethod
    def of(cls, rule: RateLimitRule) -> "Rule":
        """From the settings."""
        # In one order, so that it makes no difference how the settings list them.
        wanted = sorted(set(rule.by) - {"partition", "operation"})
        return cls(
            rule.name,
            Rate.of(rule.limit, rule.per_s, rule.burst or rule.limit),
            ",".join(sorted(set(rule.by))).encode(),
            tuple(_trait(name) for name in wanted),
            "operation" in rule.by,
            rule.across_partitions,
            f'"{rule.name}";q={rule.limit};w={rule.per_s}',
        )

    def key(self, prefix: str, context: RequestContext, operation: bytes) -> bytes:
        """The bucket's key. Every part says how long it is, so that no two requests that differ share one.

        What identifies a client is a digest, because it may be a credential, and others read Redis, too.

        Args:
            operation: identifies the operation; ignored if the rule does not count by it.
        """
        digest = blake2b(self.seed, digest_size=16)
        for each in self.traits:
            value = each(context)
            text = b"" if value is None else value.encode("utf-8", "surrogatepass")
            digest.update(b"-" if value is None else b"%d:%b" % (len(text), text))
        if self.needs_operation:
            digest.update(b"%d:%b" % (len(operation), operation))
        return b"%brate:%b:%b:%b" % (
            prefix.encode(),
            b"*" if self.across_partitions else _partition(context.partition),
            self.name.encode(),
            digest.hexdigest().encode(),
        )


def _trait(name: str) -> Trait:
    if name == "client":
        # Marked, so that no hook's name for a caller is anybody's address.
        return lambda context: f"ip {context.client}" if context.caller is None else f"caller {context.caller}"
    if name == "ip":
        return lambda context: context.client
    header = name.removeprefix(HEADER)
    return lambda context: context.headers.get(header)


def _partition(partition: str) -> bytes:
    text = partition.encode("utf-8", "surrogatepass")
    if len(text) > MAX_PARTITION_BYTES:
        return b"#%b" % blake2b(text, digest_size=16).hexdigest().encode()
    return b"%d:%b" % (len(text), text)
