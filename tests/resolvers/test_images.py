"""Images are decoded to the last pixel, and nothing of a file stays but what is seen."""

import asyncio
import io
import random
import struct
import subprocess
import sys
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from resolvers.images import MAX_PIXELS, Rendition, UnusableImage, read_image, renditions_of

BOXES = {"small": 100, "large": 400}


def drawn(width: int = 800, height: int = 600, mode: str = "RGB") -> Image.Image:
    """Red on the left, green on the right, blue at the bottom."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((width // 2, 0, width, height), fill=(30, 200, 30))
    draw.rectangle((0, height * 2 // 3, width, height), fill=(30, 30, 200))
    return picture.convert(mode)


def written(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def opened(rendition: Rendition) -> Image.Image:
    picture = Image.open(io.BytesIO(rendition.content))
    picture.load()
    assert (picture.format, picture.mode, picture.size) == ("WEBP", "RGB", (rendition.width, rendition.height))
    return picture


def color(picture: Image.Image, x: float, y: float) -> str:
    pixel = picture.getpixel((int(x * picture.width), int(y * picture.height)))
    assert isinstance(pixel, tuple)
    if min(pixel) > 200:
        return "white"
    return ["red", "green", "blue"][pixel.index(max(pixel))]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "1"), ("WEBP", "RGBA")],
)
async def test_renditions_fit_their_boxes(kind: str, mode: str) -> None:
    made = await read_image(written(drawn(mode=mode), kind), BOXES)
    assert {name: (each.width, each.height) for name, each in made.items()} == {"small": (100, 75), "large": (400, 300)}
    large = opened(made["large"])
    if mode not in ("L", "1"):
        assert [color(large, 0.25, 0.3), color(large, 0.75, 0.3), color(large, 0.5, 0.9)] == ["red", "green", "blue"]


async def test_nothing_is_made_larger() -> None:
    made = await read_image(written(drawn(90, 70), "PNG"), BOXES)
    assert (made["large"].width, made["large"].height) == (90, 70)
    assert (made["small"].width, made["small"].height) == (90, 70)


async def test_what_a_file_says_besides_its_pixels_is_gone() -> None:
    """Where it was taken, by what, a preview, a profile, comments, and what hangs behind it."""
    exif = Image.Exif()
    exif[0x010F] = "CAMERA-MAKER"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 14.0)
    exif.get_ifd(0x8825)[29] = "GPS-SECRET"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    jpeg = written(drawn(), exif=exif, icc_profile=profile, comment=b"COMMENT-SECRET") + b"TRAILER-SECRET"
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", "XMP-SECRET")
    png = written(drawn(), "PNG", pnginfo=notes, exif=exif)
    webp = written(drawn(), "WEBP", exif=exif, xmp=b"XMP-SECRET", icc_profile=profile)
    for content, told in ((jpeg, b"GPS-SECRET"), (png, b"XMP-SECRET"), (webp, b"GPS-SECRET")):
        assert told in content
        for rendition in (await read_image(content, BOXES)).values():
            for secret in (b"SECRET", b"CAMERA", b"EXIF", b"ICCP", b"XMP"):
                assert secret not in rendition.content
            found = opened(rendition)
            assert not found.getexif()
            assert "icc_profile" not in found.info


async def test_an_image_stands_upright() -> None:
    """A camera that was held on its side writes how, instead of turning the picture."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter clockwise
    for kind in ("JPEG", "PNG", "WEBP"):
        made = (await read_image(written(drawn(), kind, exif=exif), BOXES))["large"]
        assert (made.width, made.height) == (300, 400)
        picture = opened(made)
        assert [color(picture, 0.7, 0.25), color(picture, 0.7, 0.75), color(picture, 0.1, 0.5)] == [
            "red", "green", "blue",
        ]  # fmt: skip


async def test_what_shines_through_is_white() -> None:
    layers = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    layers.paste((200, 30, 30, 255), (0, 0, 100, 100))
    for kind in ("PNG", "WEBP"):
        picture = opened((await read_image(written(layers, kind), BOXES))["large"])
        assert [color(picture, 0.2, 0.5), color(picture, 0.8, 0.5)] == ["red", "white"]


def _png_of(width: int, height: int) -> bytes:
    """A few bytes that say they are this large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(6_000, 6_000), (10_000, 10_000), (50_000, 50_000), (2**31 - 1, 2**31 - 1)])
async def test_bombs_are_refused_before_they_are_decoded(size: tuple[int, int]) -> None:
    assert size[0] * size[1] > MAX_PIXELS
    with pytest.raises(UnusableImage, match=r"million pixels|damaged"):
        await read_image(_png_of(*size), BOXES)


async def test_texts_that_unfold_are_refused() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("comment", "x" * 100_000_000, zip=True)
    content = written(drawn(), "PNG", pnginfo=notes)
    assert len(content) < 200_000
    with pytest.raises(UnusableImage):
        await read_image(content, BOXES)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><script>alert(1)</script></svg>'
WHOLE = written(drawn())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 10_000,
        SVG,
        b"<!doctype html><script>alert(1)</script>",
        b"\xff\xd8\xff" + b"x" * 1_000,
        b"GIF89a" + b"x" * 100,
        WHOLE[: len(WHOLE) // 2],
        WHOLE[:-200],
        written(drawn(), "PNG")[:-500],
        written(drawn(), "GIF"),
        written(drawn(), "TIFF"),
        written(drawn(), "BMP"),
        _png_of(100, 100),
    ],
)
async def test_what_is_no_whole_image_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableImage, match="no JPEG, PNG or WebP, or it is damaged"):
        await read_image(content, BOXES)


async def test_small_narrow_and_moving_ones_are_refused() -> None:
    for picture, message in ((drawn(63, 400), "64 pixels"), (drawn(1_000, 100), "8 times")):
        with pytest.raises(UnusableImage, match=message):
            await read_image(written(picture), BOXES)
    frames = [drawn(), drawn().rotate(90, expand=False)]
    for kind in ("WEBP", "PNG"):
        with pytest.raises(UnusableImage, match="move"):
            await read_image(written(frames[0], kind, save_all=True, append_images=frames[1:]), BOXES)


async def test_a_cameras_jpeg_may_have_a_second_picture() -> None:
    content = written(drawn(), "MPO", save_all=True, append_images=[drawn().rotate(180)])
    assert color(opened((await read_image(content, BOXES))["large"]), 0.5, 0.9) == "blue"


async def test_no_bytes_break_it() -> None:
    """Damaged files are refused or read; nothing else ever comes of them."""
    chance = random.Random(7)
    whole = [written(drawn(160, 120), kind) for kind in ("JPEG", "PNG", "WEBP")]
    for number in range(150):
        content = bytearray(whole[number % 3])
        for _ in range(chance.choice((1, 3, 20))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            made = renditions_of(bytes(content), BOXES)
        except UnusableImage:
            continue
        assert all(each.width <= 400 and each.height <= 400 for each in made.values())


_PEAK = """
import re, sys
from resolvers.images import renditions_of

def peak():
    return int(re.search(r"VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1]) // 1024

content = sys.stdin.buffer.read()
before = peak()
renditions_of(content, {"small": 400, "large": 1600})
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is Linux's to tell")
def test_the_largest_image_takes_little_more_memory_than_its_pixels() -> None:
    """Turned, and of the most pixels: 115 MB decoded. Each further step on all of them would take as much again."""
    exif = Image.Exif()
    exif[0x0112] = 6
    content = written(Image.new("RGB", (6_000, 5_000), "red"), "PNG", exif=exif)
    done = subprocess.run([sys.executable, "-c", _PEAK], input=content, capture_output=True, check=True, timeout=60)
    assert 100 < int(done.stdout) < 220


async def test_others_go_on_meanwhile() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    async with asyncio.timeout(30):
        await read_image(written(drawn(3_000, 2_000), "PNG"), BOXES)
    counting.cancel()
    assert turns > 5
