"""Which prebuilt GraphiQL is used, and the one change made to it."""

from dataclasses import dataclass

__all__ = ["FILES", "PACKAGE", "VENDOR_REVISION", "NpmPackage", "adapt"]


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """An npm package, pinned.

    Attributes:
        integrity: SHA-512 of the tarball in Subresource Integrity notation, as npm's lock files have it.
    """

    name: str
    version: str
    integrity: str

    @property
    def spec(self) -> str:
        """What npm calls it."""
        return f"{self.name}@{self.version}"


PACKAGE = NpmPackage(
    name="@graphql-yoga/graphiql",
    version="4.5.0",
    integrity=("sha512-mer2/6RUdSGxNXCcE2dccKjDvcvj4DxIdYDKkggS3ltHc/MenhdBwBr/fwMreC7mqTBtn25a/q9e2Hdn36WNJg=="),
)

FILES = {
    "dist/yoga-graphiql.umd.js": "graphiql.js",
    "dist/graphiql.css": "graphiql.css",
    "dist/monacoeditorwork/editor.worker.bundle.js": "editor.worker.js",
    "dist/monacoeditorwork/graphql.worker..bundle.js": "graphql.worker.js",
    "dist/monacoeditorwork/json.worker.bundle.js": "json.worker.js",
    "LICENSE": "LICENSE",
}
"""What is kept of the package: path in it -> our name."""

VENDOR_REVISION = f"{PACKAGE.version}-2"
"""Name of the kept form: the package's version and a count of changes to `FILES` and `adapt`. Part of URLs."""

_PLUGINS = b"plugins:[r],schemaDescription:!0"
_PLUGINS_WITH_HISTORY = b"plugins:[r,ODe],schemaDescription:!0"
_HISTORY = b'const ODe={title:"History"'


def adapt(name: str, content: bytes) -> bytes:
    """The content to keep of a file.

    The package shows the explorer instead of GraphiQL's own default plug-in, the history, which it contains all the
    same but does not export; so the history is put back into the list. The package's hash is pinned, so the text is
    known; a new version needs a look here.

    Raises:
        ValueError: the text to change is not there exactly once.
    """
    if name != "graphiql.js":
        return content
    if content.count(_PLUGINS) != 1 or content.count(_HISTORY) != 1:
        raise ValueError(f"{PACKAGE.spec}: the list of plug-ins is not where it was; see brain/graphiql/package.py")
    return content.replace(_PLUGINS, _PLUGINS_WITH_HISTORY)
