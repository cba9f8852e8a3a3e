"""HTTP/2 for clients of the router: the frames are h2's, each stream is an ASGI cycle."""

from router.server.http2.limits import Http2Limits

__all__ = ["Http2Limits"]
