"""A rule that every database keeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule in a sentence, and the statement whose rows (subject, problem) break it.

    What the statement compares with is made from the lifecycle table and handed over in `values`.
    """

    name: str
    rule: str
    statement: str
    values: Callable[[], Sequence[object]] = tuple
