"""Who may have what: which of an operation's demands a caller meets, and what happens if it does not meet all.

The demands come with the plan (`QueryPlan.requirements`); the plan that is run is the one for those that are met.
"""

import logging
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any

from router.executor.denials import UNAUTHORIZED, denial_error
from router.executor.positions import conditions_hold
from router.graph.supergraph import Requirement
from router.graph.supergraph.access import AUTHENTICATED, POLICIES
from router.hooks import RequestContext, RequestRefused, RouterHooks
from router.planner.plan import QueryPlan
from router.server.config import AuthorizationConfig
from router.server.responses import Rejected

__all__ = ["AccessControl", "scopes_of"]

logger = logging.getLogger("router.server")

FORBIDDEN = 403


class AccessControl:
    """Holds callers against demands."""

    def __init__(self, config: AuthorizationConfig, hooks: RouterHooks | None) -> None:
        self.config = config
        overridden = hooks is not None and type(hooks).on_policies is not RouterHooks.on_policies
        self.on_policies = hooks.on_policies if hooks is not None and overridden else None

    def granted(self, requirements: Sequence[Requirement], context: RequestContext) -> frozenset[Requirement] | None:
        """Which of the demands a caller meets; None if a hook must be asked: see `decide`."""
        if self.on_policies is not None and any(each.kind == POLICIES for each in requirements):
            return None
        return met(requirements, context, context.policies)

    async def decide(self, requirements: Sequence[Requirement], context: RequestContext) -> frozenset[Requirement]:
        """The same, and the hook is asked for the policies that `on_request` did not grant."""
        policies: Collection[str] = context.policies
        open_ = frozenset[str]().union(*(each.names for each in requirements if each.kind == POLICIES))
        open_ = open_.difference(policies)
        if open_ and self.on_policies is not None:
            answer = self.on_policies(context, open_)
            holding = await answer if isinstance(answer, Awaitable) else answer
            if isinstance(holding, str):
                raise TypeError("on_policies must return a collection of policies, not a text")
            policies = {*policies, *open_.intersection(holding)}
        return met(requirements, context, policies)

    async def check_again(self, granted: frozenset[Requirement], context: RequestContext) -> None:
        """Whether a caller may still have what a subscription was opened for.

        Args:
            granted: the demands that it met then.
            context: of an event.

        Raises:
            RequestRefused: it no longer meets one of them.
        """
        if granted and not self.config.dry_run and await self.decide(tuple(granted), context) != granted:
            raise RequestRefused("What this client may see has changed: subscribe again.", "ACCESS_CHANGED", FORBIDDEN)

    def note_denials(
        self, plan: QueryPlan, variables: Mapping[str, Any], context: RequestContext, *, has_files: bool = False
    ) -> None:
        """Log what is denied, and refuse the operation if a part of it is not to be, or cannot be, answered.

        Args:
            has_files: files come with the request: they are for a field of it.

        Raises:
            Rejected: the settings say so, or there are files, or it is a subscription without its field.
        """
        asked = [each for each in plan.denials if conditions_hold((each.conditions,), variables)]
        if not asked:
            return
        if self.config.errors.log:
            paths = list(dict.fromkeys("/".join(each.path) for each in asked))
            fields = {"request_id": context.request_id, "operation": plan.operation_name, "paths": paths}
            logger.info("not authorized", extra={"fields": fields})
        if self.config.dry_run:
            return
        if self.config.mode == "reject" or has_files or (plan.operation_type == "subscription" and not plan.fetches):
            if self.config.errors.response == "disabled":
                raise Rejected.one(UNAUTHORIZED, "Unauthorized field or type", status=FORBIDDEN)
            errors = list({each.path: denial_error(each) for each in asked}.values())
            raise Rejected(errors, status=FORBIDDEN)


def met(
    requirements: Sequence[Requirement], context: RequestContext, policies: Collection[str]
) -> frozenset[Requirement]:
    """Which of the demands a caller meets."""
    scopes: Collection[str] | None = None
    found = []
    for each in requirements:
        if each.kind == AUTHENTICATED:
            holds = context.claims is not None
        elif each.kind == POLICIES:
            holds = any(all(name in policies for name in clause) for clause in each.clauses)
        else:
            if scopes is None:
                scopes = scopes_of(context)
            holds = any(all(name in scopes for name in clause) for clause in each.clauses)
        if holds:
            found.append(each)
    return frozenset(found)


def scopes_of(context: RequestContext) -> Collection[str]:
    """The caller's scopes."""
    if context.scopes is not None:
        return frozenset(context.scopes)
    given = context.claims.get("scope") if context.claims is not None else None
    if isinstance(given, str):
        return frozenset(given.split())
    if isinstance(given, list):
        return frozenset(each for each in given if isinstance(each, str))
    return ()
