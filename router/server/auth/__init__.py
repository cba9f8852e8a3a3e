"""Who callers are: JSON Web Tokens, verified with published keys."""
