"""None of its own: Django's migrations make the tables of content, see `subgraphs.content.migrate`."""

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing besides the tables that every context has."""


def downgrade() -> None:
    """Nothing."""
