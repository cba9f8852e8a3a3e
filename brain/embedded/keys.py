"""The keys of one instance: made once, kept in files that only we can read."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from brain.context_keys import key_set, new_secret, read_secrets
from brain.embedded.data_folder import write_private
from brain.embedded.process import EmbeddedError
from brain.jwks import public_jwk


def write_key_folders(folder: Path, subgraphs: Iterable[str], *, rotate_context: bool = False) -> None:
    """Make all keys of an installation, one folder per reader: those of ``public/`` are for all.

    ``brain/context.secret`` is what the keys of the context header are derived from; each subgraph has its own in
    ``<name>/context.keys.json``. ``identity/identity.pem`` signs access tokens, ``worker/worker.pem`` the tokens of
    agents' runs; the public half of the latter is in ``public/``, identity serves its own. ``openbao/unseal.key``
    unseals an OpenBao of our own.

    Args:
        folder: where.
        subgraphs: their names.
        rotate_context: also begin a new secret for the context header, and forget the last but one.
    """
    for name in ("brain", "identity", "worker", "openbao", "public"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    ensure_private_key(folder / "identity" / "identity.pem")
    ensure_private_key(folder / "worker" / "worker.pem")
    ensure_unseal_key(folder / "openbao" / "unseal.key")
    write_jwks(folder / "worker" / "worker.pem", folder / "public" / "worker.jwks.json")
    write_context_keys(
        folder / "brain" / "context.secret", folder / "{name}" / "context.keys.json", subgraphs, rotate=rotate_context
    )


def write_context_keys(secret_file: Path, keys_file: Path, subgraphs: Iterable[str], *, rotate: bool = False) -> None:
    """Derive each subgraph's keys of the context header from the Brain's secret, which is made unless it exists.

    Args:
        secret_file: the Brain's.
        keys_file: a subgraph's; ``{name}`` in it stands for the subgraph's name.
        subgraphs: their names.
        rotate: begin a new secret. The one before it is kept, for the Brain signs with it until it starts again.

    Raises:
        EmbeddedError: The secret's file cannot be read or is something else.
    """
    try:
        known = read_secrets(secret_file) if secret_file.exists() else ()
    except (OSError, ValueError) as error:
        raise EmbeddedError(f"{secret_file} holds no secret of the context header: {error}") from error
    kept = (new_secret(), *known[:1]) if rotate or not known else known
    for name in subgraphs:
        path = Path(str(keys_file).replace("{name}", name))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(key_set(kept, name), indent=1) + "\n")
    # Last: subgraphs know a key before the Brain can use it.
    if kept != known:
        write_private(secret_file, "".join(secret.line() for secret in kept))


def ensure_private_key(path: Path) -> None:
    """Make an Ed25519 private key (PKCS8 PEM, mode 0600) unless the file exists."""
    if path.exists():
        return
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(path, pem.decode())


def ensure_unseal_key(path: Path) -> None:
    """Make a key for OpenBao's ``seal "static"``, unless the file exists."""
    if not path.exists():
        write_private(path, secrets.token_hex(32))


def write_jwks(private_key_file: Path, path: Path) -> None:
    """Write the public half of a private key as a JWKS with one key.

    Raises:
        EmbeddedError: The file is missing or holds no Ed25519 key.
    """
    try:
        key = load_pem_private_key(private_key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise EmbeddedError(f"{private_key_file} is no private key in PEM form: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise EmbeddedError(f"{private_key_file} must be an Ed25519 key.")
    write_private(path, json.dumps({"keys": [public_jwk(key.public_key())]}, indent=1) + "\n")
