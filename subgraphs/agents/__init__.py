"""Agents: runs of crews, what they propose and who decided it, what they cost, and the log of all of it.

Owns the entity `AgentRun` by `id`. Refers to identity's `Account` by id only. Runs themselves are durable workflows
elsewhere: this context keeps their record, and is where budgets, controls and approvals are decided in transactions.
Events of runs go out on Redis streams `agents:{tenant}:{run}`; others are told of
`agents.approval_requested`, `agents.integration_checked` and `agents.run_ended`.
"""
