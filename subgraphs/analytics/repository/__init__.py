"""The only home of SQL in analytics, a module per topic."""
