"""Metrics: what the router counts (`instruments`), under which names (`router_metrics`), and how it is read
(`exposition`).

Counting is plain Python, for it happens at every request; the text is written by prometheus_client.
"""

from router.server.metrics.router_metrics import RouterMetrics

__all__ = ["RouterMetrics"]
