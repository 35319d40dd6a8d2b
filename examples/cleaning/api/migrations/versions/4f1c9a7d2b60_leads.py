"""leads, their follow-ups, photos, heartbeats of the workers"""

from alembic import op

revision = "4f1c9a7d2b60"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE leads (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            client_id text UNIQUE,
            name text NOT NULL,
            phone text NOT NULL,
            email text,
            beds integer NOT NULL,
            baths integer NOT NULL,
            cleaning_type text NOT NULL,
            price numeric(8, 2) NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("""
        CREATE TABLE lead_followups (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            lead_id uuid NOT NULL UNIQUE REFERENCES leads (id),
            created_at timestamptz NOT NULL DEFAULT now(),
            message text,
            attempts integer NOT NULL DEFAULT 0,
            processed_by text,
            processed_at timestamptz
        )
    """)
    op.execute("CREATE INDEX lead_followups_pending ON lead_followups (id) WHERE processed_at IS NULL")
    op.execute("""
        CREATE TABLE photos (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            client_id text UNIQUE,
            sha256 text NOT NULL,
            bytes bigint NOT NULL,
            uploads integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("""
        CREATE TABLE job_heartbeats (
            worker text PRIMARY KEY,
            color text NOT NULL,
            release text NOT NULL,
            at timestamptz NOT NULL
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE job_heartbeats")
    op.execute("DROP TABLE photos")
    op.execute("DROP TABLE lead_followups")
    op.execute("DROP TABLE leads")
