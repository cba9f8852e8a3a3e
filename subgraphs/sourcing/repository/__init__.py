"""The only home of SQL in sourcing."""
