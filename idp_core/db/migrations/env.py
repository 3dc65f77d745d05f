"""Runs the migrations on a connection, or only writes their SQL: see `idp_core.db.schema`."""

from alembic import context

from idp_core.db.metadata import metadata

given = context.config.attributes
if context.is_offline_mode():
    where = {"dialect_name": given["dialect"], "literal_binds": True}
else:
    where = {"connection": given["connection"]}
context.configure(
    **where,
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
