"""How Alembic runs the steps: inside the transaction, and under the lock, that `pokea.storage.migrate` holds."""

from alembic import context

from pokea.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
