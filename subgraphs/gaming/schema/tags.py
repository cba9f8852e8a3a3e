"""Scopes of gaming, and its tags for contracts."""

from typing import Final

__all__ = ["INTERNAL", "PLAY", "READ", "WRITE"]

READ, WRITE, PLAY = "gaming:read", "gaming:write", "gaming:play"
INTERNAL: Final = ("internal",)
"""No partner and no public site sees any of it."""
