"""The metrics that there are, as pages. They are part of the program: no SQL."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Text, column

from resolvers.pagination import Key, Ordering, Page, Window
from subgraphs.analytics.domain.rules import Metric

__all__ = ["BY_ID", "metric_page"]

BY_ID = Ordering("ID", Key(column("name", Text), nullable=False))


def metric_page(metrics: Iterable[Metric], window: Window) -> Page[Metric]:
    """The part of `metrics`, which are in order, that the window shows."""
    after = None if window.after is None else window.after[0]
    before = None if window.before is None else window.before[0]
    found = [
        metric
        for metric in metrics
        if (after is None or metric.name > after) and (before is None or metric.name < before)
    ]
    rows: Sequence[Any] = (found[::-1] if window.backward else found)[: window.size + 1]
    shown: Page[Any] = window.page(rows)
    return shown
