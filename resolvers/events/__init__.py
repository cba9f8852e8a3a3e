"""Events: what one context tells the others, once it is true, at least once, with effect exactly once.

    # subgraphs/directory/events.py: what is told
    @event("directory.review_posted", version=1, about="business_id")
    @dataclass(frozen=True, slots=True)
    class ReviewPosted: ...

    # in a use case: told if, and only if, the session's transaction is committed
    session.publish(ReviewPosted(...))

    # subgraphs/crm/consumers.py: what is listened to, in a type of the listener's own
    @subscribe("directory.review_posted", version=1)
    async def note_review(session: TenantSession, event: ReviewPosted, about: About) -> None: ...

The modules, in the order of an event's way:

- `declaration`: names and versions; `schemas`: their JSON schemas, and what may change.
- `tables`: `outbox`, `inbox`, `parked_events`, which every context has; `ddl`: how they come to be.
- `outbox`: written in the publishing transaction.
- `envelope`, `streams`: an event on its way, and the Redis stream of a context.
- `relay`: from the outbox to the stream, fair between tenants.
- `subscriptions`, `consumer`: from the stream to handlers, each event in one transaction with its mark in the inbox.
- `parked`: what a handler refused: tried again, given up, replayed.
- `runtime`: all of it, in a process; `backlog`: how much is on its way.
"""
