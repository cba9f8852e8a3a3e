"""A claim that a record of the domain proves: a real name server on this machine says what there is."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from subgraphs.directory.domain.claims import record_name
from subgraphs.directory.domain.errors import ClaimImpossible
from subgraphs.directory.txt_records import TxtRecords

from .test_claims import OWNER, claim, codes, owner_of


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers TXT questions over UDP.

    Attributes:
        texts: of a name.
        asked: names and types, in order.
        is_silent: takes questions and says nothing.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_silent: bool = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        question = dns.message.from_wire(data)
        (asked,) = question.question
        name = asked.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if self.is_silent:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA
        if name in self.texts:
            answer.answer.append(dns.rrset.from_text_list(asked.name, 60, "IN", "TXT", self.texts[name]))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def name_server() -> AsyncIterator[tuple[NameServer, int]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    yield server, transport.get_extra_info("sockname")[1]
    transport.close()


async def test_a_record_of_the_domain_proves_a_claim(
    new_tenant: Any, name_server: tuple[NameServer, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, port = name_server
    records: TxtRecords = new_tenant.directory.app.services.records
    monkeypatch.setattr(records, "servers", ["127.0.0.1"])
    monkeypatch.setattr(records, "port", port)
    user, domain = uuid.uuid4(), f"x{uuid.uuid4().hex[:8]}.example"
    business = await new_tenant.add_one(website=f"https://www.{domain}/shop")
    found = await claim(new_tenant, user, business, "DNS")
    name, proof = f"_business-claim.{domain}", {"id": found["id"]}

    async def proved() -> list[str]:
        return await codes(new_tenant, "verifyBusinessClaim", proof, user=user, **OWNER)

    assert await proved() == ["CLAIM_NOT_PROVEN"]
    token = found["websiteToken"]
    for wrong in (f'"{token[:-1]}"', f'"x{token}"', '"v=spf1 -all"'):
        server.texts[name] = [wrong]
        assert await proved() == ["CLAIM_NOT_PROVEN"]
    server.texts[domain] = [f'"{token}"']
    assert await proved() == ["CLAIM_NOT_PROVEN"], "at the domain itself it is somebody else's record"
    server.texts[name] = ['"v=spf1 -all"', f'"{token[:9]}" "{token[9:]}"']
    assert await proved() == []
    assert set(server.asked) == {name}
    assert await owner_of(new_tenant, business) == (str(user), True)


async def test_a_name_server_that_says_nothing_is_not_waited_for_long(
    name_server: tuple[NameServer, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, port = name_server
    monkeypatch.setattr("subgraphs.directory.txt_records._TIMEOUT_S", 0.2)
    server.is_silent = True
    async with asyncio.timeout(3):
        assert not await TxtRecords(["127.0.0.1"], port).shows("_business-claim.quiet.example", "claim-x")
    assert server.asked


async def test_a_token_in_another_record_is_not_taken(name_server: tuple[NameServer, int]) -> None:
    server, port = name_server
    server.texts["_business-claim.many.example"] = [f'"no-{number}"' for number in range(20)]
    assert not await TxtRecords(["127.0.0.1"], port).shows("_business-claim.many.example", "claim-x")


@pytest.mark.parametrize(
    ("website", "name"),
    [
        ("https://www.olive.example/shop", "_business-claim.olive.example"),
        ("http://Shop.Olive.example.", "_business-claim.shop.olive.example"),
        ("https://münchen.example", "_business-claim.xn--mnchen-3ya.example"),
        ("https://127.0.0.1", None),
        ("https://[::1]/", None),
        ("http://localhost:8000", None),
        ("https://" + "a" * 64 + ".example", None),
        ("https://a_b.example", None),
        (None, None),
    ],
)
def test_only_a_domain_is_asked(website: str | None, name: str | None) -> None:
    if name is None:
        with pytest.raises(ClaimImpossible):
            record_name(website)
    else:
        assert record_name(website) == name
