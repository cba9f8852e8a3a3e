"""What can be done in the storefront: source, describe, wish, wait, ask, buy."""
