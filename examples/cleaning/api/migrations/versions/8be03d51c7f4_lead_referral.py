"""where a lead heard of us

Expanding: a nullable column and an index built without blocking writes. The version before does not notice.
"""

from alembic import op

revision = "8be03d51c7f4"
down_revision = "4f1c9a7d2b60"


def upgrade() -> None:
    # IF NOT EXISTS and the drop: building the index commits what came before, so a run cut off here starts over.
    op.execute("ALTER TABLE leads ADD COLUMN IF NOT EXISTS referral text")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS leads_referral")
        op.execute("CREATE INDEX CONCURRENTLY leads_referral ON leads (referral)")


def downgrade() -> None:
    op.execute("ALTER TABLE leads DROP COLUMN referral")
