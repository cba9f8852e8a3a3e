"""Compressed bodies: of responses, as the client accepts it; of requests, within the limits of what they hold.

Sources: RFC 9110, sections 8.4 and 12.5.3 (codings and how they are negotiated); RFC 8878, section 3.1.1.1.2 (8 MB as
the window that every Zstandard decoder can be expected to have, here the largest that is taken).
"""

import asyncio
import importlib
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from router.server.config import CompressionConfig
from router.server.responses import media_ranges

__all__ = ["IN_THE_LOOP_BYTES", "Compression", "CorruptBody", "TooMuch", "decompressed", "known_codings"]

IN_THE_LOOP_BYTES = 65_536
"""More than this is compressed on a thread: others need not wait for it."""
MAX_KNOWN = 500
"""Values of `accept-encoding`, remembered with what was chosen."""
MAX_WINDOW_BYTES = 8 * 1024 * 1024

Coder = Callable[[bytes], bytes]


class CorruptBody(Exception):
    """The body is not what its `content-encoding` says."""


class TooMuch(Exception):
    """The body holds more than it may."""


class Compression:
    """Compresses responses.

    Args:
        settings: codings whose library is missing are left out.
    """

    def __init__(self, settings: CompressionConfig) -> None:
        self.min_bytes = settings.min_bytes
        makers: Mapping[str, Callable[[], Coder | None]] = {
            "gzip": lambda: _gzip(settings.gzip_level),
            "br": lambda: _brotli(settings.br_quality),
            "zstd": lambda: _zstandard(settings.zstd_level),
        }
        coders = {coding: makers[coding]() for coding in dict.fromkeys(settings.codings)}
        self.coders: dict[str, Coder] = {coding: coder for coding, coder in coders.items() if coder is not None}
        self._chosen: dict[str, str | None] = {}

    def coding(self, accept: str | None, size: int) -> str | None:
        """The coding for a body of so many bytes; None for none.

        Args:
            accept: the header `accept-encoding`.
        """
        if accept is None or size < self.min_bytes:
            return None
        try:
            return self._chosen[accept]
        except KeyError:
            if len(self._chosen) >= MAX_KNOWN:
                self._chosen.clear()
            chosen = self._chosen[accept] = chosen_coding(accept, tuple(self.coders))
            return chosen

    async def compressed(self, body: bytes, coding: str) -> bytes:
        """The body in a coding that `coding` has returned."""
        coder = self.coders[coding]
        if len(body) <= IN_THE_LOOP_BYTES:
            return coder(body)
        return await asyncio.to_thread(coder, body)


def chosen_coding(accept: str, offered: tuple[str, ...]) -> str | None:
    """The offered coding that a client likes best, the first of equals; None if it likes it best as it is."""
    given = {name: quality for name, quality, _ in media_ranges(accept)}
    if "x-gzip" in given:
        given.setdefault("gzip", given["x-gzip"])
    other = given.get("*", 0.0)
    best = max(offered, key=lambda coding: given.get(coding, other), default=None)
    if best is None:
        return None
    quality = given.get(best, other)
    return best if quality > 0 and quality >= given.get("identity", 0.0) else None


def _gzip(level: int) -> Coder:
    return lambda body: zlib.compress(body, level, wbits=31)


def _brotli(quality: int) -> Coder | None:
    brotli = _library("brotli")
    return None if brotli is None else lambda body: bytes(brotli.compress(body, quality=quality))


def _zstandard(level: int) -> Coder | None:
    zstandard = _library("zstandard")
    # One for each body: a compressor must not be used by two threads at once.
    return None if zstandard is None else lambda body: bytes(zstandard.ZstdCompressor(level=level).compress(body))


def _library(name: str) -> Any:
    """A package of the extra `compression`; None if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


# ---- requests -------------------------------------------------------------------------------------------------------


def known_codings() -> tuple[str, ...]:
    """The codings that requests may have."""
    optional = {"br": "brotli", "zstd": "zstandard"}
    return ("gzip", "deflate", *(coding for coding, package in optional.items() if _library(package) is not None))


def decompressed(body: bytes, coding: str, limit: int) -> bytes:
    """What a request's body holds. Never makes more than one byte beyond the limit.

    Args:
        coding: one of `known_codings`.

    Raises:
        CorruptBody: it is not in this coding, or ends too early.
        TooMuch: it holds more than `limit` bytes.
    """
    decoder = {"gzip": _from_zlib, "deflate": _from_zlib, "br": _from_brotli, "zstd": _from_zstandard}[coding]
    content = decoder(body, coding, limit + 1)
    if len(content) > limit:
        raise TooMuch
    return content


def _from_zlib(body: bytes, coding: str, most: int) -> bytes:
    content = b""
    try:
        while body and len(content) < most:
            # `deflate` is zlib's format; some clients send it without zlib's head.
            is_raw = coding == "deflate" and body[0] & 0x0F != zlib.DEFLATED
            decoder = zlib.decompressobj(wbits=31 if coding == "gzip" else -15 if is_raw else 15)
            content += decoder.decompress(body, most - len(content))
            if not decoder.eof and len(content) < most:
                raise CorruptBody
            body = decoder.unused_data  # a gzip file may have several members
    except zlib.error as error:
        raise CorruptBody from error
    return content


def _from_brotli(body: bytes, _coding: str, most: int) -> bytes:
    brotli = _library("brotli")
    decoder = brotli.Decompressor()
    try:
        content = bytes(decoder.process(body, output_buffer_limit=most))
        while len(content) < most and not decoder.can_accept_more_data():
            content += decoder.process(b"", output_buffer_limit=most - len(content))
    except brotli.error as error:
        raise CorruptBody from error
    if len(content) < most and not decoder.is_finished():
        raise CorruptBody
    return content


ZSTD_STEP_BYTES = 64
"""Fed to the decoder at once. A block of 4 bytes may stand for 128 KB, so one step makes 2 MB at most."""


def _from_zstandard(body: bytes, _coding: str, most: int) -> bytes:
    zstandard = _library("zstandard")
    decoder = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()
    chunks: list[bytes] = []
    size = 0
    try:
        for start in range(0, len(body), ZSTD_STEP_BYTES):
            if decoder.eof:  # one frame, and nothing behind it
                raise CorruptBody
            chunks.append(decoder.decompress(body[start : start + ZSTD_STEP_BYTES]))
            size += len(chunks[-1])
            if size >= most:
                break
    except zstandard.ZstdError as error:
        raise CorruptBody from error
    if size < most and (not decoder.eof or decoder.unused_data):
        raise CorruptBody
    return b"".join(chunks)
