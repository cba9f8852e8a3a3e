"""What goes wrong, in Saleor's terms.

There are two ways: a mutation that refuses its input answers with `errors` in its payload (`Refused`), and everything
else is a GraphQL error whose code is in `extensions.exception.code` (`Failed` and its kinds).
"""

from collections.abc import Sequence

__all__ = ["ExpiredSignature", "Failed", "InvalidRepresentation", "PermissionDenied", "Refused"]


class Refused(Exception):
    """One entry of a payload's `errors`.

    Attributes:
        field: of the input, or None.
        code: a value of the payload's enum of error codes.
        variants: global ids of the variants concerned, or None.
        lines: global ids of the checkout's lines concerned, or None.
    """

    def __init__(
        self,
        field: str | None,
        code: str,
        message: str,
        *,
        variants: Sequence[str] | None = None,
        lines: Sequence[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message = message
        self.variants = variants
        self.lines = lines


class Failed(Exception):
    """A GraphQL error whose message is for the client."""

    code = "GraphQLError"


class PermissionDenied(Failed):
    """The caller may not see this."""

    code = "PermissionDenied"

    def __init__(self, *permissions: str) -> None:
        super().__init__(f"To access this path, you need one of the following permissions: {', '.join(permissions)}")


class ExpiredSignature(Failed):
    """The caller's token was good until a while ago."""

    code = "ExpiredSignatureError"

    def __init__(self) -> None:
        super().__init__("Signature has expired")


class InvalidRepresentation(Failed):
    """A representation that the shop trips over: it reports no more than that."""

    code = "TypeError"

    def __init__(self) -> None:
        super().__init__("Internal Server Error")
