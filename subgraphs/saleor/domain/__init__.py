"""Rules of a shop, free of database and GraphQL."""
