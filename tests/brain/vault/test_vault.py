"""A service's access to a real OpenBao: secrets, encryption, renewal, and what goes on while it is away."""

import asyncio
import logging
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hvac import exceptions

from brain.config import BrainSettings
from brain.embedded.openbao import OpenBaoServer
from brain.embedded.ports import free_port
from brain.embedded.process import end_group, signal_group, start
from brain.vault import AppRole, Vault, VaultDenied, VaultError, VaultUnavailable
from brain.vault.policies import roles
from brain.vault.setup import admin_client, initialise, rotate_key, set_up
from tests.brain.vault.conftest import SetUp
from vault.access import Access

ACME, GLOBEX = uuid.uuid4(), uuid.uuid4()
SECRET = {"api_key": "sk-very-secret", "nested": {"refresh": "r"}}


async def test_a_tenants_secret_is_written_read_listed_and_deleted(vault: SetUp) -> None:
    tenant = uuid.uuid4()
    async with vault.vault("subgraph-agents") as agents, vault.vault("worker") as worker:
        assert await worker.read("integrations/stripe", tenant) is None
        assert await worker.list("integrations", tenant) == ()
        await agents.write("integrations/stripe", tenant, SECRET)
        await agents.write("integrations/github", tenant, {"token": "t"})
        assert await worker.read("integrations/stripe", tenant) == SECRET
        assert await worker.read("integrations/stripe", str(tenant).upper()) == SECRET
        assert await agents.list("integrations", tenant) == ("github", "stripe")
        assert await worker.list("integrations", GLOBEX) == ()
        await worker.write("integrations/stripe", tenant, {"access": "renewed"})
        assert await worker.read("integrations/stripe", tenant) == {"access": "renewed"}
        await agents.delete("integrations/stripe", tenant)
        await agents.delete("integrations/stripe", tenant)  # again is fine
        assert await worker.read("integrations/stripe", tenant) is None


@pytest.mark.parametrize("name", ["", "/llm", "../llm", "a/../b", "a//b", "llm/", "a b", "a/b/c/d/e", "lm%2f", "é"])
async def test_a_name_cannot_leave_its_tenant(vault: SetUp, name: str) -> None:
    async with vault.vault("worker") as worker:
        with pytest.raises(ValueError, match="no name of a secret"):
            await worker.read(name, ACME)
        for tenant in ("", "*", "../x", f"{ACME}/llm"):
            with pytest.raises(ValueError, match="badly formed"):
                await worker.read("llm", tenant)
        with pytest.raises(ValueError, match="no name of a purpose"):
            await worker.encrypt("../other", ACME, [b"x"])


async def test_encryption_is_the_tenants_and_the_roles_own(vault: SetUp) -> None:
    values = [b"ada@acme.example", b"", "ünï".encode(), bytes(range(256))]
    async with vault.vault("subgraph-crm") as crm, vault.vault("worker") as worker:
        sealed = await crm.encrypt("pii", ACME, values)
        assert len(set(sealed)) == len(values)
        assert all(text.startswith("vault:v1:") for text in sealed)
        assert await crm.decrypt("pii", ACME, sealed) == tuple(values)
        assert await crm.encrypt("pii", ACME, []) == ()
        assert (await crm.encrypt("pii", ACME, values[:1]))[0] != sealed[0], "equal values do not show"
        with pytest.raises(VaultError, match="decrypt pii of tenant"):
            await crm.decrypt("pii", GLOBEX, sealed)
        with pytest.raises(VaultError):
            await crm.decrypt("pii", ACME, ["vault:v1:bm9uc2Vuc2U="])
        assert await worker.encrypt("pii", ACME, values[:1])  # a key of its own, of the same purpose
        with pytest.raises(VaultError):
            await worker.decrypt("pii", ACME, sealed)


async def test_rotation_keeps_what_is_old_readable_and_rewrapping_renews_it(vault: SetUp) -> None:
    async with vault.vault("subgraph-crm") as crm:
        old = await crm.encrypt("rotated", ACME, [b"one", b"two"])
        assert rotate_key(vault.admin, crm.key("rotated")) == 2
        (new,) = await crm.encrypt("rotated", ACME, [b"three"])
        assert new.startswith("vault:v2:")
        assert await crm.decrypt("rotated", ACME, [*old, new]) == (b"one", b"two", b"three")
        renewed = await crm.rewrap("rotated", ACME, old)
        assert all(text.startswith("vault:v2:") for text in renewed)
        # Now the first version can be given up.
        vault.admin.secrets.transit.update_key_configuration(crm.key("rotated"), min_decryption_version=2)
        assert await crm.decrypt("rotated", ACME, renewed) == (b"one", b"two")
        with pytest.raises(VaultError, match="decrypt rotated"):
            await crm.decrypt("rotated", ACME, old)
    with pytest.raises(VaultError, match=r"rotate the key subgraph-crm\.unknown"):
        rotate_key(vault.admin, "subgraph-crm.unknown")


async def test_a_token_that_ended_is_replaced_unseen(vault: SetUp, caplog: pytest.LogCaptureFixture) -> None:
    vault.admin.secrets.kv.v2.create_or_update_secret(f"tenants/{ACME}/llm", {"model": "m"}, mount_point="kv")
    async with vault.vault("worker") as worker:
        assert await worker.read("llm", ACME) == {"model": "m"}
        for _ in range(3):
            vault.admin.auth.token.revoke_accessor(_accessor(worker))
            found = await asyncio.gather(*(worker.read("llm", ACME) for _ in range(8)))
            assert found == [{"model": "m"}] * 8
    assert not caplog.records


def _accessor(vault: Vault) -> str:
    """The accessor of the token in use."""
    found = vault.access.call("look", lambda client: client.auth.token.lookup_self())
    return str(found["data"]["accessor"])


async def test_a_short_lived_token_is_renewed_before_its_end(vault: SetUp) -> None:
    vault.admin.auth.approle.create_or_update_approle(
        "worker", token_policies=["worker"], token_no_default_policy=True, token_period="2s", token_type="service"
    )
    try:
        async with vault.vault("worker") as worker:
            await worker.read("llm", ACME)
            first, began_s = _accessor(worker), time.monotonic()
            while time.monotonic() - began_s < 3:
                await worker.read("llm", ACME)
                await asyncio.sleep(0.1)
            assert _accessor(worker) == first, "the same token still"
            await asyncio.sleep(2.5)  # nobody uses it: it ends
            await worker.read("llm", ACME)
            assert _accessor(worker) != first
    finally:
        set_up(vault.admin, ["worker"], vault.folder)


async def test_a_closed_access_leaves_no_token(vault: SetUp) -> None:
    async with vault.vault("worker") as worker:
        await worker.read("llm", ACME)
        accessor = _accessor(worker)
    with pytest.raises(exceptions.VaultError, match="invalid accessor"):
        vault.admin.auth.token.lookup_accessor(accessor)


async def test_who_is_not_let_in_is_told_which_files(vault: SetUp, tmp_path: Path) -> None:
    (tmp_path / "secret_id").write_text("wrong")
    role = AppRole("worker", vault.folder / "worker" / "role_id", tmp_path / "secret_id")
    async with Vault(Access(vault.address, role)) as worker:
        with pytest.raises(VaultDenied, match=r"does not let worker in with what .*role_id and .*secret_id hold"):
            await worker.read("llm", ACME)
        (tmp_path / "secret_id").unlink()
        with pytest.raises(VaultDenied, match="secret_id"):
            await worker.read("llm", ACME)
        # The files are read anew at every log-in.
        (tmp_path / "secret_id").write_text((vault.folder / "worker" / "secret_id").read_text())
        await worker.read("llm", ACME)


async def test_settings_that_name_no_vault() -> None:
    with pytest.raises(VaultError, match="BRAIN_VAULT_ROLE_ID_FILE, BRAIN_VAULT_SECRET_ID_FILE is not set"):
        Vault.from_settings(BrainSettings(vault_address="http://127.0.0.1:1"), "worker")


async def test_settings_name_each_roles_files(vault: SetUp) -> None:
    settings = BrainSettings(
        vault_address=vault.address,
        vault_role_id_file=vault.folder / "{role}" / "role_id",
        vault_secret_id_file=vault.folder / "{role}" / "secret_id",
    )
    async with Vault.from_settings(settings, "subgraph-crm") as crm:
        assert await crm.encrypt("pii", ACME, [b"x"])


@pytest.fixture
def own(tmp_path: Path) -> Iterator["Own"]:
    """A Vault that a test may end."""
    own = Own(tmp_path)
    yield own
    own.end()


class Own:
    """A server with its data, set up for the worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = OpenBaoServer(folder / "openbao", free_port(), free_port())
        self.server.prepare()
        self.begin()
        self.admin = admin_client(self.server.address, initialise(self.server.address, folder / "admin"))
        set_up(self.admin, roles(["crm"]), folder / "roles")

    def begin(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.child = start(self.server.launch(), log)
        deadline = time.monotonic() + 20
        while not self.server.is_ready():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        signal_group(self.child.pid, signal.SIGKILL)
        self.child.wait(5)

    def end(self) -> None:
        end_group(self.child, self.server.launch())
        self.admin.session.close()

    def vault(self, **options: float) -> Vault:
        files = (self.folder / "roles" / "worker" / name for name in ("role_id", "secret_id"))
        return Vault(Access(self.server.address, AppRole("worker", *files), timeout_s=1), **options)


async def test_an_outage(own: Own, caplog: pytest.LogCaptureFixture) -> None:
    async with own.vault(keep_s=3.0) as worker:
        await worker.write("integrations/stripe", ACME, SECRET)
        assert await worker.read("integrations/stripe", ACME) == SECRET
        (sealed,) = await worker.encrypt("pii", ACME, [b"x"])
        own.kill()
        away_s = time.monotonic()
        # What was read before goes on, at once; all else is refused with what cannot be done.
        assert await worker.read("integrations/stripe", ACME) == SECRET
        for _ in range(200):
            assert await worker.read("integrations/stripe", ACME) == SECRET
        assert time.monotonic() - away_s < 1.0
        place = own.server.address.removeprefix("http://")
        with pytest.raises(VaultUnavailable) as raised:
            await worker.read("llm", ACME)
        assert str(raised.value) == f"Cannot read the secret llm of tenant {ACME}: the Vault at {place} is away."
        with pytest.raises(VaultUnavailable, match=f"Cannot write the secret llm of tenant {ACME}"):
            await worker.write("llm", ACME, {})
        with pytest.raises(VaultUnavailable, match=f"Cannot decrypt pii of tenant {ACME}"):
            await worker.decrypt("pii", ACME, [sealed])
        with pytest.raises(VaultUnavailable, match="Cannot read"):
            await worker.read("integrations/stripe", GLOBEX)  # another tenant's was never read
        # Not for ever.
        await asyncio.sleep(max(0.0, 3.2 - (time.monotonic() - away_s)))
        with pytest.raises(VaultUnavailable):
            await worker.read("integrations/stripe", ACME)
        # It is back by itself, unsealed, with all that it was given, and the token is good still.
        own.begin()
        assert await worker.read("integrations/stripe", ACME) == SECRET
        assert await worker.decrypt("pii", ACME, [sealed]) == (b"x",)
    assert SECRET["api_key"] not in caplog.text
    records = [record for record in caplog.records if record.name == "vault"]
    assert [record.levelno for record in records].count(logging.ERROR) == 1, "the outage is told once"
    assert "the Vault is back after" in records[-1].getMessage()


async def test_a_sealed_vault_is_named_as_such(own: Own) -> None:
    async with own.vault() as worker:
        await worker.write("integrations/stripe", ACME, SECRET)
        own.admin.sys.seal()
        with pytest.raises(VaultUnavailable, match="is sealed"):
            await worker.read("integrations/stripe", ACME)
