"""Statements: the only place that knows SQL. All run inside a session that row-level security holds to one shop."""
