"""How those who try again spread out their attempts."""

import random
from datetime import timedelta


def more_or_less(wait: timedelta) -> timedelta:
    """A quarter more or less, so that what failed together does not come back together."""
    return wait * random.uniform(0.75, 1.25)  # noqa: S311
