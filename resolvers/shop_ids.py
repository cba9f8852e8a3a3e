"""Global ids of a Saleor, as contexts keep them of what the shop owns."""

import binascii
import re
from base64 import b64decode, b64encode
from typing import Final

__all__ = ["is_shop_id"]

_MAX_ID: Final = 200
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}")
_MAX_NUMBER: Final = 2**31 - 1
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BY_UUID: Final = frozenset({"Checkout", "Order"})


def is_shop_id(value: str, typename: str) -> bool:
    """Whether it is base64 of `Type:key`: one that a Saleor could have made, and written so.

    Some that it could not have made it answers with nothing for all that is asked for together with them.

    Args:
        typename: what it must be the id of, for instance "Product".
    """
    try:
        decoded = b64decode(value[:_MAX_ID].encode("ascii"), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    kind, _, key = decoded.partition(":")
    if kind in _BY_UUID:
        could_be = _UUID.fullmatch(key) is not None
    else:
        could_be = _NUMBER.fullmatch(key) is not None and int(key) <= _MAX_NUMBER
    return kind == typename and could_be and b64encode(decoded.encode()).decode() == value
