"""Documents that clients name instead of sending them: trusted ones, listed in manifests, and automatic ones, which
clients have sent before.
"""

from router.server.persisted.documents import PersistedDocuments

__all__ = ["PersistedDocuments"]
