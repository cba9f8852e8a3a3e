"""The Brain as a process: `python -m brain.serve`.

SIGHUP reloads the supergraph, its views and the router's settings.
"""

import os
import sys

from brain.app import create_brain_app
from brain.config import ConfigError, load_settings
from router import RouterApp, serve

__all__ = ["main"]

_SHUTDOWN_S = 1
"""Open streams end with the server: what is not answered within a second will not be."""


def main() -> int:
    """Serve until a signal ends it; returns the exit status."""
    try:
        settings = load_settings()
        app = create_brain_app()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    router: RouterApp = app.state.router
    return serve(app, router, host=settings.host, port=settings.port, shutdown_s=_SHUTDOWN_S)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of Temporal's client may abort an interpreter that ends in good order; there is nothing left to be done.
    os._exit(status)
