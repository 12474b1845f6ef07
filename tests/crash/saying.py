"""What a program that is to be killed says, line by line."""

import signal
from collections.abc import Callable


def saying(moment: str) -> Callable[..., None]:
    """What says a line; once that was `moment` it stands still, however late whoever is to kill the program comes."""

    def say(*words: object) -> None:
        said = " ".join(map(str, words))
        print(said, flush=True)
        if said == moment:
            signal.pause()

    return say
