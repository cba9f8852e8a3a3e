"""Bring the virtual environment up to date: `python3 deploy/bootstrap.py up|dev`. Standard library only.

Makes ``.venv``, installs uv into it (the version in the lock, with its hashes), lets uv install everything else from
the lock, and the project itself as an editable. Remembers what it did, so that a second run costs nothing. What pip is
told about indexes, proxies and certificates on this machine is passed on to uv, which does not read pip's files.
"""
# ruff: noqa: INP001, S603 - a script that runs what it installs

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# What each purpose installs; "dev" contains "up".
LOCKS = {"up": ROOT / "requirements" / "all.lock", "dev": ROOT / "requirements" / "dev.lock"}
# pip's option -> uv's variable
PASSED_ON = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
COMMA_SEPARATED = {"UV_FIND_LINKS"}


def fingerprint(purpose: str) -> str:
    """Return what the environment for a purpose depends on, as a hash."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCKS[purpose], ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def stamp(purpose: str) -> Path:
    """Return the file that remembers the fingerprint of what was installed."""
    return VENV / f".installed-{purpose}"


def is_current(purpose: str) -> bool:
    """Say whether the environment already has what the purpose needs."""
    return PYTHON.exists() and stamp(purpose).exists() and stamp(purpose).read_text() == fingerprint(purpose)


def locked(package: str) -> str:
    """Return a package's lines in the development lock: its version and hashes."""
    lines = LOCKS["dev"].read_text().splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"{package}=="))
    end = next(number for number in range(begin, len(lines)) if not lines[number].endswith("\\"))
    return "\n".join(lines[begin : end + 1]) + "\n"


def environment() -> dict[str, str]:
    """Return our environment, with a place for caches: below .venv where the home folder has none for us.

    uv stops without a place, pip warns. Without caches at all the next run would download everything again.
    """
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        for cache in (home / "uv", home / "pip"):
            cache.mkdir(parents=True, exist_ok=True)
        usable = all(os.access(cache, os.W_OK | os.X_OK) for cache in (home / "uv", home / "pip"))
    except (OSError, RuntimeError):  # the latter: nobody knows a home
        usable = False
    return {**os.environ} if usable else {**os.environ, "XDG_CACHE_HOME": str(VENV / ".cache")}


def uv_environment() -> dict[str, str]:
    """Return the environment for uv: ours, and what pip is configured to use."""
    listing = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    variables = {**environment(), "VIRTUAL_ENV": str(VENV)}
    # Like pip, take a file from any index that has it: the hashes in the lock say which file is the right one.
    variables.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        variable = PASSED_ON.get(key.rpartition(".")[2])
        if variable is not None and variable not in os.environ:
            words = str(ast.literal_eval(value)).split()
            variables[variable] = ("," if variable in COMMA_SEPARATED else " ").join(words)
    return variables


def run(*command: object, env: dict[str, str] | None = None) -> None:
    """Run a step; its output is the user's to see, its failure ends us."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env=env, check=False)
    if done.returncode:
        words = " ".join(str(word) for word in command)
        sys.exit(f"\nThe installation stopped at: {words}\nMend what it says above, then run make again.")


def make_venv() -> None:
    """Make the virtual environment, unless there is one that works."""
    if (
        PYTHON.exists()
        and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    ):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    sys.stdout.write(f"making {VENV} with Python {sys.version.split()[0]}\n")
    sys.stdout.flush()
    run(sys.executable, "-m", "venv", VENV)


def install_uv() -> None:
    """Install the locked uv with pip, unless it is there."""
    wanted = locked("uv")
    version = wanted.split("==")[1].split()[0]
    uv = VENV / "bin" / "uv"
    if uv.exists():
        has = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout.split()
        if version in has:
            return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(wanted)
        requirements.flush()
        run(
            PYTHON,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--no-deps",
            "-r",
            requirements.name,
            env=environment(),
        )


def main(purpose: str) -> None:
    """Bring the environment up to date for a purpose."""
    if stamp("dev").exists():
        purpose = "dev"  # it contains the other; what was there stays
    if is_current(purpose):
        return
    make_venv()
    install_uv()
    for_uv = uv_environment()
    uv = VENV / "bin" / "uv"
    run(uv, "pip", "sync", "--require-hashes", LOCKS[purpose], env=for_uv)
    install_uv()
    editable = ("install", "--quiet", "--no-deps", "--build-constraints", LOCKS["dev"], "--editable", ROOT)
    run(uv, "pip", *editable, env=for_uv)
    for other in LOCKS:
        stamp(other).unlink(missing_ok=True)
    stamp(purpose).write_text(fingerprint(purpose))


if __name__ == "__main__":
    main(sys.argv[1])
