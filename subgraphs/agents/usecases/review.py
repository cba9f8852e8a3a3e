"""The tenant's log, checked from its beginning."""

from dataclasses import dataclass

from resolvers.session import TenantSession
from subgraphs.agents.domain.audit import Break, Head, find_break
from subgraphs.agents.repository import audit

__all__ = ["Verification", "verify_audit"]

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking the log.

    Attributes:
        checked: entries that were right, up to the first that is wrong.
        head: what the end must be.
        broken: None if all is as it was written.
    """

    checked: int
    head: Head
    broken: Break | None


async def verify_audit(session: TenantSession) -> Verification:
    """Checks each hash of the tenant's log, and that its end is the end. Reads it in batches."""
    tenant_id = session.tenant_id()
    end = await audit.head(session)
    last = Head()
    while last.seq < end.seq:
        # Entries written since the head was read are not looked at.
        entries = await audit.entries_after(session, last.seq, min(_BATCH, end.seq - last.seq))
        if not entries:
            return Verification(last.seq, end, Break(last.seq + 1, "is missing"))
        broken = find_break(tenant_id, entries, after=last)
        if broken is not None:
            return Verification(broken.seq - 1, end, broken)
        last = Head(entries[-1].seq, entries[-1].hash)
    if last != end:
        return Verification(max(0, last.seq - 1), end, Break(last.seq, "is not the head"))
    return Verification(last.seq, end, None)
