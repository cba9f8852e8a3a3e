"""The installer's surroundings; CI runs the whole of it on a clean clone."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
UV = ROOT / ".venv" / "bin" / "uv"


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, for an environment below the test's folder."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "deploy" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    for name in ("XDG_CACHE_HOME", "UV_CACHE_DIR", "UV_NO_CACHE", "PIP_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return module


@pytest.mark.skipif(not UV.exists(), reason="uv is not in .venv")
def test_uv_works_where_no_home_can_be_written(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file" / "home"))  # not even root makes a folder there
    command = [UV, "pip", "install", "--quiet", "--offline", "--python", sys.executable, "--target", tmp_path / "made"]
    command += ["--requirement", tmp_path / "file"]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    subprocess.run(command, env=bootstrap.environment(), check=True)
    assert (tmp_path / ".venv" / ".cache" / "uv").is_dir()


def test_a_usable_home_keeps_the_caches(bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert "XDG_CACHE_HOME" not in bootstrap.environment()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert bootstrap.environment()["XDG_CACHE_HOME"] == str(tmp_path / "caches")
