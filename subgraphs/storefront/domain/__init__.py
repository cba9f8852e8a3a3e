"""The rules of the storefront. Pure Python."""
