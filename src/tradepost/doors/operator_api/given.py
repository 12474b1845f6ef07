"""What a request says, apart from what it leaves out."""

from typing import Any

from msgspec import UNSET, Struct, structs


def given(data: Struct) -> dict[str, Any]:
    """The fields that the request names."""
    return {name: value for name, value in structs.asdict(data).items() if value is not UNSET}
