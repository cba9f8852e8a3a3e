"""A federation router in Python: compose subgraphs, plan operations, serve a supergraph.

    from router import Subgraph, compose, create_app, plan

    users = Subgraph("users", sdl=users_sdl, url="http://localhost:4001/graphql")
    posts = Subgraph("posts", sdl=posts_sdl, url="http://localhost:4002/graphql")
    supergraph = compose([users, posts]).supergraph_sdl     # raises CompositionFailed

    print(plan("{ me { posts { title } } }", supergraph))    # the fetches that answer it
    app = create_app(supergraph)                             # an ASGI application

The same on the command line: `python -m router compose | plan | serve`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router.composition import CompositionResult, Subgraph, compose
    from router.errors import (
        CompositionError,
        CompositionFailed,
        CompositionHint,
        InvalidSupergraph,
        OperationError,
        PlanningError,
        RequestRefused,
        RouterError,
        SourceLocation,
        SubgraphError,
    )
    from router.graph.supergraph import Supergraph, load_supergraph
    from router.hooks import RequestContext, RouterHooks, Send, SubgraphCall, SubgraphReply
    from router.planner.plan import QueryPlan
    from router.server.app import RouterApp, create_app
    from router.server.config import InvalidConfig, RouterConfig, load_config
    from router.server.operations import plan

__all__ = [
    "CompositionError",
    "CompositionFailed",
    "CompositionHint",
    "CompositionResult",
    "InvalidConfig",
    "InvalidSupergraph",
    "OperationError",
    "PlanningError",
    "QueryPlan",
    "RequestContext",
    "RequestRefused",
    "RouterApp",
    "RouterConfig",
    "RouterError",
    "RouterHooks",
    "Send",
    "SourceLocation",
    "Subgraph",
    "SubgraphCall",
    "SubgraphError",
    "SubgraphReply",
    "Supergraph",
    "compose",
    "create_app",
    "load_config",
    "load_supergraph",
    "plan",
]

# Loaded at first use: who composes needs no HTTP client, and `import router` takes milliseconds.
_HOMES = {
    "router.composition": ("CompositionResult", "Subgraph", "compose"),
    "router.errors": (
        "CompositionError",
        "CompositionFailed",
        "CompositionHint",
        "InvalidSupergraph",
        "OperationError",
        "PlanningError",
        "RequestRefused",
        "RouterError",
        "SourceLocation",
        "SubgraphError",
    ),
    "router.graph.supergraph": ("Supergraph", "load_supergraph"),
    "router.hooks": ("RequestContext", "RouterHooks", "Send", "SubgraphCall", "SubgraphReply"),
    "router.planner.plan": ("QueryPlan",),
    "router.server.app": ("RouterApp", "create_app"),
    "router.server.config": ("InvalidConfig", "RouterConfig", "load_config"),
    "router.server.operations": ("plan",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'router' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
