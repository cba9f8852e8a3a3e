"""Which `@override` labels are on for a request.

A label `percent(x)` is on for x percent of all requests: where the request's own value, from 0 up to but not
including 100, is less than x. So `percent(20)` is on wherever `percent(10)` is. All other labels are on if the
application says so.
"""

import random
import re
from bisect import bisect_right

from router.graph.supergraph import Supergraph
from router.hooks import RequestContext

__all__ = ["OverrideLabels"]

NOTHING: frozenset[str] = frozenset()
_PERCENT = re.compile(r"percent\((\d+(?:\.\d+)?)\)")


class OverrideLabels:
    """The labels of one supergraph."""

    def __init__(self, supergraph: Supergraph) -> None:
        self.known = frozenset(
            join.override_label
            for type_ in supergraph.types.values()
            for field in type_.fields.values()
            for join in field.joins
            if join.override_label is not None
        )
        shares = {label: float(match[1]) for label in self.known if (match := _PERCENT.fullmatch(label))}
        self.named = self.known - shares.keys()
        self.thresholds = sorted(set(shares.values()))
        # By how many thresholds are at most the request's value: what is on above them.
        self.by_percent = [
            frozenset(label for label, share in shares.items() if share in self.thresholds[passed:])
            for passed in range(len(self.thresholds) + 1)
        ]

    def active(self, context: RequestContext) -> frozenset[str]:
        """The supergraph's labels that are on; equal sets for equal values, so that they can be part of a key.

        Raises:
            ValueError: a hook set an `override_percent` that is none.
        """
        if not self.known:
            return NOTHING
        active = NOTHING
        if self.thresholds:
            percent = context.override_percent
            if percent is None:
                percent = random.random() * 100  # noqa: S311  a sample, not a secret
            elif not 0 <= percent < 100:
                raise ValueError(f"override_percent must be at least 0 and less than 100, not {percent!r}")
            active = self.by_percent[bisect_right(self.thresholds, percent)]
        if self.named and context.override_labels:
            active = active.union(self.named.intersection(context.override_labels))
        return active
