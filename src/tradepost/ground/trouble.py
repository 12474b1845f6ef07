"""What a database may answer by no fault of the program: it is gone, going, full, or lets nobody in."""

import asyncpg

CONNECTION_LOST = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # when a server that dies in the middle of an answer cannot be told to roll back
    OSError,
)
_OUT_OF_ORDER = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)

TROUBLE = (
    *_OUT_OF_ORDER,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What a database may answer at any time by no fault of the program."""


def database_is_away(error: BaseException) -> bool:
    """Whether this says that the database is gone, going or full, and nothing of what it was asked to do."""
    if isinstance(error, ValueError):
        return False  # asyncpg's word for a value that no column takes is an InterfaceError too
    return isinstance(error, (*CONNECTION_LOST, *_OUT_OF_ORDER))
