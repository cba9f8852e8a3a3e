"""All SQL of agents, by what it is about: `runs`, `actions`, `events`, `budgets`, `controls`, `audit`.

Row-level security keeps tenants apart. Where a statement asks for "the tenant's" row without an id, it names the tenant
all the same: the demo data is written by the tables' owner, whom policies do not bind.
"""
