"""Django's own commands, for those who work on the models: `python -m subgraphs.content.cms.commands NAME`."""

import sys

from resolvers.settings import Settings
from subgraphs.content.cms.setup import start

__all__: list[str] = []

if __name__ == "__main__":
    start(Settings())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
