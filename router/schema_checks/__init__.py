"""Checks of schemas: what a change breaks (`check`), and rules for names, descriptions and shapes (`lint`)."""
