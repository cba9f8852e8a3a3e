"""`python -m router COMMAND`; the commands are in `router.commands`."""

import sys

from router.commands import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
