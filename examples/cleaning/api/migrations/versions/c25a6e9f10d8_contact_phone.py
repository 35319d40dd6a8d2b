"""phone becomes contact_phone

Contracting, on purpose: code that still asks for `phone` fails from this moment on.
"""

from alembic import op

revision = "c25a6e9f10d8"
down_revision = "8be03d51c7f4"


def upgrade() -> None:
    op.execute("ALTER TABLE leads RENAME COLUMN phone TO contact_phone")


def downgrade() -> None:
    op.execute("ALTER TABLE leads RENAME COLUMN contact_phone TO phone")
