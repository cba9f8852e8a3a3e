"""Images, and the renditions of them that may be asked for."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from resolvers.errors import BadUserInput

__all__ = [
    "ORIGINAL_SIDE",
    "WIDTHS",
    "Image",
    "ImageFit",
    "ImageFormat",
    "rendition_path",
    "rendition_spec",
    "signature",
]

WIDTHS: Final = (80, 160, 320, 480, 640, 800, 960, 1200, 1600, 2000)
"""Of renditions: a few, so that nobody fills the disk with all others."""


ORIGINAL_SIDE: Final = 4000
"""The longest side of what is kept of an image that is sent, in pixels."""


class ImageFormat(StrEnum):
    """How a rendition is encoded."""

    WEBP = "webp"
    JPEG = "jpeg"
    PNG = "png"


class ImageFit(StrEnum):
    """What becomes of an image's sides."""

    WIDTH = "width"
    SQUARE = "square"


@dataclass(frozen=True, slots=True)
class Image:
    """An image as it was uploaded, in pixels."""

    id: int
    title: str
    description: str
    width: int
    height: int


def rendition_spec(width: int, fit: ImageFit, kind: ImageFormat) -> str:
    """Wagtail's name of the rendition.

    Raises:
        BadUserInput: there is none of this width.
    """
    if width not in WIDTHS:
        raise BadUserInput(f"`width` is one of {', '.join(map(str, WIDTHS))}.")
    size = f"fill-{width}x{width}" if fit is ImageFit.SQUARE else f"width-{width}"
    return f"{size}|format-{kind.value}"


def signature(secret: bytes, tenant_id: UUID, kind: str, number: int, spec: str) -> str:
    """What makes an address of a file known to us: nobody makes one of another tenant, or of another size."""
    signed = f"{tenant_id}/{kind}/{number}/{spec}".encode()
    return urlsafe_b64encode(hmac.digest(secret, signed, "sha256")[:18]).decode()


def rendition_path(secret: bytes, tenant_id: UUID, number: int, spec: str) -> str:
    """Where a rendition is served."""
    sign = signature(secret, tenant_id, "image", number, spec)
    return f"/cms/images/{tenant_id}/{sign}/{number}/{spec.replace('|', '_')}"
