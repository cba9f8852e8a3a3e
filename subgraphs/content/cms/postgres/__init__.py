"""Django's backend for PostgreSQL, with the log-in of the moment, and its hooks in a tenant's transaction."""
