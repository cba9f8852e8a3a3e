"""All SQL of notifications, by what it is about."""
