"""Demand control: operations that would be too much work are refused before they are executed, or only counted."""

from collections.abc import Mapping
from typing import Any

from router.graph.supergraph import Supergraph
from router.hooks import RequestContext
from router.planner.cost import OperationCost
from router.planner.cost_estimate import estimate_cost
from router.planner.normalize import NormalizedOperation
from router.server.config import CostConfig
from router.server.metrics import RouterMetrics
from router.server.responses import Rejected

__all__ = ["CostRefusal", "DemandControl"]


class CostRefusal(Rejected):
    """An operation costs too much, whatever its variables are.

    Attributes:
        estimated: what it costs.
    """

    def __init__(self, estimated: float, limit: int) -> None:
        message = f"The operation's estimated cost is {estimated:g}, which is more than {limit}: ask for less at once."
        extensions = {"code": "COST_LIMIT", "estimated": estimated, "limit": limit}
        super().__init__([{"message": message, "extensions": extensions}], status=422, json_status=200)
        self.estimated = estimated


class DemandControl:
    """Estimates and judges operations.

    Args:
        metrics: count what is judged.
    """

    def __init__(self, config: CostConfig, metrics: RouterMetrics) -> None:
        self.config = config
        self._enforces = config.mode == "enforce"
        self._costs = metrics.operation_costs.series()
        self._over = metrics.operations_over_cost.child(config.mode)

    def estimate(self, operation: NormalizedOperation, supergraph: Supergraph) -> OperationCost:
        """What an operation costs, once for all requests; runs on any thread.

        Raises:
            CostRefusal: too much, whatever the variables are: it need not be planned.
        """
        cost = estimate_cost(operation, supergraph, self.config.list_size_default)
        if self._enforces and not cost.steps and cost.constant > self.config.max and not cost.slicings:
            raise CostRefusal(cost.constant, self.config.max)
        return cost

    def judge(self, cost: OperationCost, variables: Mapping[str, Any], context: RequestContext) -> None:
        """Note what a request costs, and refuse it if that is too much.

        Raises:
            Rejected: code `COST_LIMIT` or `SLICING_ARGUMENT_REQUIRED`.
        """
        unclear = cost.unclear(variables) if self._enforces and cost.slicings else None
        if unclear is not None:
            names = ", ".join(unclear.names)
            message = f"Exactly one argument must say how long the list of '{unclear.coordinate}' is, of: {names}."
            raise Rejected.one("SLICING_ARGUMENT_REQUIRED", message, status=422, json_status=200)
        estimated = cost.estimate(variables)
        self.note(estimated, context)
        if estimated > self.config.max and self._enforces:
            raise CostRefusal(estimated, self.config.max)

    def note(self, estimated: float, context: RequestContext) -> None:
        """Count it, refused or not."""
        context.estimated_cost = estimated
        self._costs.observe(estimated)
        if estimated > self.config.max:
            self._over.value += 1
