"""Runs query plans: compiled to Python once, then only requests to subgraphs are waited for."""

from router.executor.aiohttp_transport import AiohttpTransport
from router.executor.asgi_transport import AsgiTransport
from router.executor.client import SubgraphClient
from router.executor.compile import compile_plan
from router.executor.compiled_plan import CompiledPlan, Response
from router.executor.errors import ErrorExposure
from router.executor.parts import SubgraphTraits
from router.executor.transport import CoroutineTransport, OnReply, Pending, Transport

__all__ = [
    "AiohttpTransport",
    "AsgiTransport",
    "CompiledPlan",
    "CoroutineTransport",
    "ErrorExposure",
    "OnReply",
    "Pending",
    "Response",
    "SubgraphClient",
    "SubgraphTraits",
    "Transport",
    "compile_plan",
]
