"""The schema's revisions, which the program reads off the names of their files."""

import asyncpg
from alembic.script import ScriptDirectory

from tradepost.ground import schema

TABLES = "SELECT array_agg(tablename::text) FROM pg_tables WHERE schemaname = 'public'"
DESCRIPTION = """
SELECT array_agg(x ORDER BY x)
  FROM (SELECT concat_ws(' ', table_name, column_name, data_type, column_default, is_nullable)
          FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT concat(conrelid::regclass, ' ', pg_get_constraintdef(oid)) FROM pg_constraint) AS all_of_it (x)
"""


def test_the_files_are_numbered_as_alembic_walks_them() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    assert schema.revisions() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert schema.head() == scripts.get_current_head()


async def test_every_revision_can_be_taken_back_and_made_again(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    whole = await connection.fetchval(DESCRIPTION)
    for revision in [*schema.revisions()[-2::-1], "base"]:
        await schema.go_to(database_url, revision)
        found = await schema.found_revision(database_url)
        assert found == (None if revision == "base" else revision)
    assert await connection.fetchval(TABLES) == ["alembic_version"]
    await schema.upgrade(database_url)
    assert await connection.fetchval(DESCRIPTION) == whole
    await connection.close()
