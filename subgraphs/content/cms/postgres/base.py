"""The wrapper that Django looks for in a database backend.

A connection belongs to one thread. Its log-in is asked for when it is made, so that one that has ended is not used
for another. What Django does "on commit" runs after the commit, where no tenant is set: here it gets a transaction of
the same tenant.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base

from subgraphs.content.cms import acting

__all__ = ["DatabaseWrapper"]

_log = logging.getLogger("subgraphs.content.cms")


class DatabaseWrapper(base.DatabaseWrapper):
    """`OPTIONS` come from `acting.log_in`."""

    def get_connection_params(self) -> dict[str, Any]:
        """What psycopg is told; asked for each new connection."""
        return {**super().get_connection_params(), **acting.log_in()}

    def run_and_clear_commit_hooks(self) -> None:
        """Runs what waited for the commit, in a transaction of the tenant whose it was."""
        tenant_id = acting.tenant_or_none()
        if tenant_id is None:
            super().run_and_clear_commit_hooks()
            return
        hooks: list[tuple[Any, Callable[[], None], bool]] = list(self.run_on_commit)
        self.run_on_commit.clear()
        if not hooks:
            return
        with acting.transaction_of(tenant_id):
            for _, hook, _robust in hooks:
                try:
                    with acting.savepoint():
                        hook()
                except Exception:  # noqa: BLE001 - what was committed stays so, and the next one has its turn
                    _log.exception("what should follow a commit failed")
