"""What can be done in the directory: keep listings, review them, search them."""
