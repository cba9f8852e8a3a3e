"""What is durable about agents' runs: workflows, and the messages that go in and out of them.

- `messages`: plain data and the rules over it; whoever starts, asks or answers a run shares it, as JSON.
- `agent_run`: one run of a crew, from the reserved budget to the settled one.

Workflows are replayed: nothing in here reads a clock, a file or the network, or imports what does.
"""
