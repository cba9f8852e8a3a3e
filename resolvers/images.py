"""Images that clients send: looked at, and written anew.

    photo = await read_image(content, {"thumbnail": 400, "large": 1600})
    photo["large"].content      # WebP, at most 1600 pixels wide and high

What a client sends is never kept: it is decoded to its last pixel and encoded again. So a file that only says that it
is an image is refused, and nothing of it stays but what is seen: no EXIF, no place where it was taken, no thumbnail of
what was cut away, no bytes behind the picture.
"""

import asyncio
import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms, ImageOps

from resolvers.errors import BadUserInput

__all__ = ["MAX_PIXELS", "MIN_SIDE", "Rendition", "UnusableImage", "read_image"]

FORMATS: Final = ("JPEG", "PNG", "WEBP")
"""With which decoders bytes are tried; all others are known for what goes wrong in them."""

MAX_PIXELS: Final = 30_000_000
"""Of what is decoded: a few kilobytes can say that they are gigapixels."""

MIN_SIDE: Final = 64
MAX_SIDE_RATIO: Final = 8
_QUALITY: Final = 80

# A decoded image takes a hundred megabytes for a moment, and a core: few at a time, whoever sends them.
_WORKERS = ThreadPoolExecutor(2, thread_name_prefix="images")


class UnusableImage(BadUserInput):
    """The file is no image that can be used."""

    code = "UNUSABLE_IMAGE"


@dataclass(frozen=True, slots=True)
class Rendition:
    """An image as it is kept and shown.

    Attributes:
        width, height: pixels.
        content: WebP.
    """

    width: int
    height: int
    content: bytes


async def read_image(content: bytes, boxes: Mapping[str, int]) -> dict[str, Rendition]:
    """The renditions of an image, upright, in sRGB, by the names of `boxes`.

    Args:
        content: JPEG, PNG or WebP.
        boxes: the longest side of each, pixels; no image is made larger than it is.

    Raises:
        UnusableImage: it is none of these, damaged, moving, too large or too small; the message says which.
    """
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, renditions_of, content, boxes)


def renditions_of(content: bytes, boxes: Mapping[str, int]) -> dict[str, Rendition]:
    """What `read_image` says, in this thread."""
    picture = _decoded(content, max(boxes.values()))
    return {name: _encoded(picture, side) for name, side in boxes.items()}


def _decoded(content: bytes, longest: int) -> Image.Image:
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            _check(opened)
            opened.draft("RGB", (longest, longest))  # a JPEG is decoded to not much more than is needed
            opened.load()
            return _upright(_seen(opened, longest))
    except UnusableImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except Exception as error:  # decoders raise all sorts of things about bytes that are not theirs
        raise UnusableImage("The file is no JPEG, PNG or WebP, or it is damaged.") from error


def _check(opened: Image.Image) -> None:
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise _too_large()
    if min(width, height) < MIN_SIDE:
        raise UnusableImage(f"An image has at least {MIN_SIDE} pixels on each side.")
    if max(width, height) > MAX_SIDE_RATIO * min(width, height):
        raise UnusableImage(f"An image's longer side is at most {MAX_SIDE_RATIO} times the other.")
    # Of what a camera keeps in one JPEG (MPO), the first is the photo.
    if opened.format != "MPO" and getattr(opened, "is_animated", False):
        raise UnusableImage("An image must not move.")


def _too_large() -> UnusableImage:
    return UnusableImage(f"An image has at most {MAX_PIXELS // 1_000_000} million pixels.")


def _upright(picture: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(picture)


def _seen(opened: Image.Image, longest: int) -> Image.Image:
    """The picture in sRGB, on white where it is transparent; with its EXIF still, which says how it is held.

    It is made small before anything else: each step on all that was decoded takes a hundred megabytes more.
    """
    exif = opened.getexif()
    profile = opened.info.get("icc_profile")
    if opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info:
        layers = _reduced(opened, "RGBA", longest)
        picture = Image.new("RGB", layers.size, "white")
        picture.paste(layers, mask=layers.getchannel("A"))
    elif profile and opened.mode in ("RGB", "CMYK"):
        colors = _reduced(opened, opened.mode, longest)
        picture = colors.convert("RGB")
        with suppress(ImageCms.PyCMSError, OSError, ValueError):  # a profile that is none: as if there were none
            known = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            made = ImageCms.profileToProfile(colors, known, ImageCms.createProfile("sRGB"), outputMode="RGB")
            picture = made if made is not None else picture
    else:
        picture = _reduced(opened, "RGB", longest)
    picture.info = {"exif": exif.tobytes()} if exif else {}
    return picture


def _reduced(opened: Image.Image, mode: str, longest: int) -> Image.Image:
    picture = opened if opened.mode == mode else opened.convert(mode)
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return picture


def _encoded(picture: Image.Image, longest: int) -> Rendition:
    smaller = picture.copy()
    smaller.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    # Of its own pixels and nothing else: encoders write what they find in `info`.
    clean = Image.frombytes("RGB", smaller.size, smaller.tobytes())
    written = io.BytesIO()
    clean.save(written, "WEBP", quality=_QUALITY, method=4)
    return Rendition(*clean.size, written.getvalue())
