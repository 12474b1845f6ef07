"""The schema's revisions, which the program reads off the names of their files."""

from alembic.script import ScriptDirectory

from tradepost.ground import schema


def test_the_files_are_numbered_as_alembic_walks_them() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    assert schema.revisions() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert schema.head() == scripts.get_current_head()
