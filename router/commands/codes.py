"""The codes that the command line ends with, as data: `docs/errors/` has a page for each."""

from router.composition.codes.table import code_table

__all__ = ["COMMAND_CODES"]

COMMAND_CODES = code_table(
    "ERROR",
    """
ADDRESS_NOT_AVAILABLE
`serve` cannot listen at that address: it is not this machine's, or this user may not.
Listen at an address of this machine with `--host`.

CONFIG_INVALID
The list of subgraphs cannot be understood, or says something unknown.
Correct the line that the message names.

CONFIG_NOT_FOUND
There is no list of subgraphs where the command line says.
Correct the path after `--config`.

CONTRACT_EMPTY
A view's contract hides every field of the query root.
Tag a field of the query root with an included tag.

CONTRACT_INVALID
A view's contract has an unknown or a contradictory setting.
Correct the line that the message names.

CONTRACT_INVALID_TOML
A view's contract is not TOML.
Correct the line that the message names.

CONTRACT_NOT_FOUND
A view's contract cannot be read.
Correct the path of the contract in the router's settings.

CONTRACT_UNKNOWN_TAG
A view's contract names a tag that nothing in the supergraph has.
Correct the tag, or tag what it means.

FILE_NOT_READABLE
A file or folder that the command line names cannot be read, or is not UTF-8.
Correct the path.

FILE_NOT_WRITABLE
A file that the command line names cannot be written.
Write to another place.

INVALID_FEDERATION_SUPERGRAPH
A supergraph cannot be loaded: it is no GraphQL, has no join specification, or contradicts itself.
Compose the subgraphs again.

INVALID_ROUTER_CONFIG
The router's settings have an unknown name or a wrong value.
Correct the setting that the message names.

LINT_CONFIG_INVALID
The section `lint` names an unknown rule or level.
Correct the setting that the message names.

OPERATIONS_INVALID
The operations that clients send cannot be read.
Correct the file that the message names.

PORT_IN_USE
Another program listens at the port that `serve` is to use.
Choose another port with `--port`.

SCHEMA_NOT_FOUND
A schema file that the list of subgraphs names is missing.
Correct the path in the list of subgraphs.

SUBGRAPH_UNREACHABLE
A running subgraph that is asked for its schema does not tell it.
Start the subgraph, or name a schema file instead.

SUPERGRAPH_UNAVAILABLE
The URL that the supergraph comes from does not answer with one; a router that serves already goes on with what it has.
Correct the URL, or the request headers under `supergraph.headers`.

UNSUPPORTED_LINKED_FEATURE
A supergraph demands a feature (`for: SECURITY` or `for: EXECUTION`) that this router does not know.
Compose without the feature, or use a router that has it.
""",
)
"""Errors of the command line by name."""
