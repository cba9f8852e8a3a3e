"""Where the rest of the repository has to know of a new context: each place as an edit of a file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from brain.new_context.names import NewContextError

__all__ = ["EDITS", "Edit", "NoPlace", "edited"]

_SERVICE = """
  NAME:
    <<: *image
    command: [python, -m, subgraphs, serve, --host, 0.0.0.0, --port, "8002", --only, NAME]
    environment: *subgraph-settings
    volumes:
      - NAME-keys:/keys/NAME:ro
      - NAME-logins:/logins/NAME:ro
    depends_on: *subgraph-needs
    healthcheck:
      <<: *healthcheck
      test: [CMD, brain, probe, "http://127.0.0.1:8002/NAME/health"]
"""
_GENERATED_TEST = """
@_schema("NAME").parametrize()
@bounded
def test_NAME(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/NAME/graphql", sign_context("NAME"))

"""
_SUBGRAPH = """  NAME:
    routing_url: http://127.0.0.1:8002/NAME/graphql
    schema:
      file: ./subgraphs/NAME.graphql
"""


class NoPlace(NewContextError):
    """A file is not as it was when this was written; the message says what to add by hand."""


@dataclass(frozen=True, slots=True)
class Edit:
    """An insertion, behind every match of a pattern or before it.

    Attributes:
        file: relative to the repository.
        pattern: multi-line; where it matches `matches` times, and nowhere else.
        text: NAME stands for the context's name, TITLE for it with a capital.
    """

    file: str
    pattern: str
    text: str
    before: bool = False
    matches: int = 1


EDITS = (
    Edit("subgraphs/__init__.py", r'^CONTEXTS: Final = \(\s*(?:"\w+",\s*)*"\w+"', ', "NAME"'),
    Edit("pyproject.toml", r'"subgraphs\.saleor"\]$', '"subgraphs.NAME", ', before=True, matches=2),
    Edit("schema/supergraph.yaml", r"\Z", _SUBGRAPH),
    Edit("brain/app.py", r'^_WRITTEN_FOR_CLIENTS = \(\s*(?:"\w+",\s*)*"\w+"', ', "NAME"'),
    Edit(
        "subgraphs/identity/domain.py", r'^_READ: Final = frozenset\(\s*\{\s*(?:"[\w:]+",\s*)*"[\w:]+"', ', "NAME:read"'
    ),
    Edit("subgraphs/identity/domain.py", r'^_WORK: Final = _READ \| \{\s*(?:"[\w:]+",\s*)*"[\w:]+"', ', "NAME:write"'),
    Edit("docker-compose.yml", r"^      - directory-logins:/logins/directory\n", "      - NAME-logins:/logins/NAME\n"),
    Edit("docker-compose.yml", r"'for name in [a-z_ ]+(?=; do)", " NAME"),
    Edit("docker-compose.yml", r"^      - directory-keys:/keys/directory\n", "      - NAME-keys:/keys/NAME\n"),
    Edit("docker-compose.yml", r"^\n  brain:\n", _SERVICE, before=True),
    Edit(
        "docker-compose.yml",
        r"^      directory: \{condition: service_healthy\}\n",
        "      NAME: {condition: service_healthy}\n",
    ),
    Edit("docker-compose.yml", r"^  directory-logins:\n", "  NAME-keys:\n  NAME-logins:\n"),
    Edit("deploy/Dockerfile", r" /keys/directory(?= )", " /keys/NAME"),
    Edit("deploy/Dockerfile", r" /logins/directory(?= )", " /logins/NAME"),
    Edit("mkdocs.yml", r"^      - Events: reference/events\.md\n", "      - TITLE: reference/NAME.md\n"),
    Edit("tests/subgraphs/test_generated_operations.py", r"^\ndef check\(", _GENERATED_TEST, before=True),
    Edit("CHANGELOG.md", r"\A(?:.*\n)*?### Added\n", "- The context `NAME`. See `docs/reference/NAME.md`.\n"),
)


def edited(file: str, text: str, edits: Sequence[Edit], name: str) -> str:
    """The text of a file with what belongs into it.

    Raises:
        NoPlace: a pattern does not match as often as it should.
    """
    title = name.replace("_", " ").capitalize()
    for edit in edits:
        inserted = edit.text.replace("NAME", name).replace("TITLE", title)
        places = list(re.finditer(edit.pattern, text, re.MULTILINE))
        if len(places) != edit.matches:
            raise NoPlace(f"{file} is not as it was: add {inserted.strip()!r} by hand, as for the other contexts.")
        for place in reversed(places):
            at = place.start() if edit.before else place.end()
            # What a pattern for a list matches may end with a line break before the closing bracket.
            at -= (
                0 if edit.before or inserted.endswith("\n") else len(place.group()) - len(place.group().rstrip(", \n"))
            )
            text = text[:at] + inserted + text[at:]
    return text
