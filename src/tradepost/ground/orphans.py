"""No orphans: a process may end with the one that started it, however that one ends."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable


def die_with(parent: int) -> Callable[[], None] | None:
    """What a process does to be interrupted by the kernel when its parent dies, such as a server between fork and exec.

    Only Linux can do this. It comes after the change of the user, which would undo it.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1

    def arrange() -> None:
        prctl(set_parent_death_signal, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)

    return arrange
