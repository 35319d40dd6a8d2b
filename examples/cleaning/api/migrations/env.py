"""Runs the migrations: each in a transaction of its own, over libpq, so that PGOPTIONS counts."""

import os
import sys

import psycopg
from alembic import context
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError

from common.environment import secret

# A migration that waits for a lock makes everybody behind it wait too: better give up and be run again.
os.environ.setdefault("PGOPTIONS", "-c lock_timeout=5s")


def report(step, **_) -> None:
    """One line on stdout for every revision that was applied or taken back."""
    verb = "upgrade to" if step.is_upgrade else "downgrade from"
    print(f"{verb} {step.up_revision_id}: {step.up_revision.doc}", flush=True)


def run_online() -> None:
    url = secret("DATABASE_URL_FILE")
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url, connect_timeout=10), poolclass=pool.NullPool
    )
    try:
        connection = engine.connect()
    except DBAPIError as error:  # The driver's message names host and role, never the password.
        sys.exit(f"alembic: the database of DATABASE_URL_FILE is not reachable: {error.orig}")
    try:
        with connection:
            context.configure(connection=connection, transaction_per_migration=True, on_version_apply=report)
            with context.begin_transaction():
                context.run_migrations()
    except DBAPIError as error:
        sys.exit(f"alembic: the migration failed and its transaction was taken back: {error.orig}\n{error.statement}")


def run_offline() -> None:
    """`alembic upgrade head --sql`: print the SQL, for review and linting."""
    context.configure(dialect_name="postgresql", transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
