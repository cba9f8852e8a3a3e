"""A federation router in Python: compose subgraphs, plan operations, serve a supergraph.

    from router import Composed, Subgraph, compose, create_app, plan

    users = Subgraph("users", sdl=users_sdl, url="http://localhost:4001/graphql")
    posts = Subgraph("posts", sdl=posts_sdl, url="http://localhost:4002/graphql")
    composed = compose([users, posts])                           # Composed, or Rejected with all errors
    assert isinstance(composed, Composed), composed.errors

    print(plan("{ me { posts { title } } }", composed.supergraph_sdl))  # the fetches that answer it
    app = create_app(composed.supergraph_sdl)                    # an ASGI application

The same on the command line: `python -m router compose | check | lint | plan | serve`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router.composition import Composed, Rejected, Subgraph, compose
    from router.composition.config import InvalidCompositionConfig, introspect, load_subgraphs
    from router.composition.contracts import Contract, InvalidContract, View, load_contract, view_of
    from router.errors import (
        CompositionError,
        CompositionHint,
        InvalidSupergraph,
        OperationError,
        PlanningError,
        RequestRefused,
        RouterError,
        SourceLocation,
        SubgraphError,
    )
    from router.executor import AiohttpTransport, AsgiTransport, CoroutineTransport, Transport
    from router.graph.supergraph import Supergraph, load_supergraph
    from router.hooks import PendingReply, RequestContext, RouterHooks, Send, SubgraphCall, SubgraphReply
    from router.planner.explanation import Explanation
    from router.planner.plan import QueryPlan
    from router.server.app import RouterApp, create_app
    from router.server.config import InvalidConfig, RouterConfig, load_config
    from router.server.operations import explain, plan
    from router.server.reload import Reloader
    from router.server.serving import serve
    from router.server.supergraph_source import FileSource, UrlSource
    from router.server.telemetry import configure_logging

__all__ = [
    "AiohttpTransport",
    "AsgiTransport",
    "Composed",
    "CompositionError",
    "CompositionHint",
    "Contract",
    "CoroutineTransport",
    "Explanation",
    "FileSource",
    "InvalidCompositionConfig",
    "InvalidConfig",
    "InvalidContract",
    "InvalidSupergraph",
    "OperationError",
    "PendingReply",
    "PlanningError",
    "QueryPlan",
    "Rejected",
    "Reloader",
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
    "Transport",
    "UrlSource",
    "View",
    "compose",
    "configure_logging",
    "create_app",
    "explain",
    "introspect",
    "load_config",
    "load_contract",
    "load_subgraphs",
    "load_supergraph",
    "plan",
    "serve",
    "view_of",
]

# Loaded at first use: who composes needs no HTTP client, and `import router` takes milliseconds.
_HOMES = {
    "router.composition": ("Composed", "Rejected", "Subgraph", "compose"),
    "router.composition.config": ("InvalidCompositionConfig", "introspect", "load_subgraphs"),
    "router.composition.contracts": ("Contract", "InvalidContract", "View", "load_contract", "view_of"),
    "router.errors": (
        "CompositionError",
        "CompositionHint",
        "InvalidSupergraph",
        "OperationError",
        "PlanningError",
        "RequestRefused",
        "RouterError",
        "SourceLocation",
        "SubgraphError",
    ),
    "router.executor": ("AiohttpTransport", "AsgiTransport", "CoroutineTransport", "Transport"),
    "router.graph.supergraph": ("Supergraph", "load_supergraph"),
    "router.hooks": ("PendingReply", "RequestContext", "RouterHooks", "Send", "SubgraphCall", "SubgraphReply"),
    "router.planner.explanation": ("Explanation",),
    "router.planner.plan": ("QueryPlan",),
    "router.server.app": ("RouterApp", "create_app"),
    "router.server.config": ("InvalidConfig", "RouterConfig", "load_config"),
    "router.server.operations": ("explain", "plan"),
    "router.server.reload": ("Reloader",),
    "router.server.serving": ("serve",),
    "router.server.supergraph_source": ("FileSource", "UrlSource"),
    "router.server.telemetry": ("configure_logging",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'router' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
