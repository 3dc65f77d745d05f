"""Runs the migrations on the connection that `idp_core.db.schema.upgrade` gives."""

from alembic import context

from idp_core.db.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
