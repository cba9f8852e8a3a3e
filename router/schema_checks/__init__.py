"""Checks of schemas: what a change breaks, and names and descriptions."""
