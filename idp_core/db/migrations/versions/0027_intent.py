"""What is in flight, one row a plan; the journal gets a row once an outcome is known."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "intent",
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("lines", types.Json, nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_intent_plan_id_plan")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_intent")),
    )
    # What was in flight at the time of a crash is asked for as what is uncertain.
    op.execute("UPDATE journal SET state = 'uncertain' WHERE state = 'intended'")
    op.drop_index(op.f("ix_journal_target_object_state"), "journal")
    uncertain = sa.text("state = 'uncertain'")
    op.create_index(
        "ix_journal_uncertain",
        "journal",
        ["target", "object"],
        sqlite_where=uncertain,
        postgresql_where=uncertain,
    )
