"""Photos of the demo listings: drawn, always the same."""

import io
import random
from typing import Final

from PIL import Image, ImageDraw

__all__ = ["PER_LISTING", "WITH_PHOTOS", "drawn"]

WITH_PHOTOS: Final = 3
"""How many listings of a tenant have some: the first."""
PER_LISTING: Final = ("The house from the street", "The door at night")

_SIDES: Final = (720, 480)


def drawn(key: str, *, at_night: bool) -> bytes:
    """A house that is told by its `key`, as a PNG."""
    chance = random.Random(key)  # noqa: S311 - no secret
    width, height = _SIDES
    sky = (24, 28, 60) if at_night else (150 + chance.randrange(60), 190, 230)
    picture = Image.new("RGB", _SIDES, sky)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height * 5 // 6, width, height), fill=(90, 90, 96))
    wall = tuple(chance.randrange(90, 200) // (2 if at_night else 1) for _ in range(3))
    left, right = width // 6, width * 5 // 6
    draw.rectangle((left, height // 4, right, height * 5 // 6), fill=wall)
    roof = (left - 20, height // 4), (width // 2, 30 + chance.randrange(50)), (right + 20, height // 4)
    draw.polygon(roof, fill=(120, 50, 40))
    columns = chance.randrange(3, 6)
    step = (right - left) // columns
    for column in range(columns):
        for floor in range(2):
            x, y = left + step * column + step // 4, height // 3 + floor * height // 6
            is_lit = at_night and chance.random() < 0.6
            draw.rectangle((x, y, x + step // 2, y + height // 10), fill=(250, 220, 120) if is_lit else (60, 80, 110))
    door = left + step * chance.randrange(columns) + step // 4
    draw.rectangle((door, height * 2 // 3, door + step // 2, height * 5 // 6), fill=(70, 45, 30))
    content = io.BytesIO()
    picture.save(content, "PNG", compress_level=1)
    return content.getvalue()
