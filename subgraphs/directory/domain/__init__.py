"""Rules of the directory that need no database: opening hours, places, listings, ratings, rank fusion."""
