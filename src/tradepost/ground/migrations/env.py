"""How Alembic runs the revisions: on the connection it is handed, one program at a time."""

from alembic import context

ONE_AT_A_TIME = 7233088

connection = context.config.attributes["connection"]
connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})")
context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
