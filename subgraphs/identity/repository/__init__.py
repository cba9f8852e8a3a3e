"""All SQL of `identity`, one module per topic. Every function runs in the session, under row-level security."""
