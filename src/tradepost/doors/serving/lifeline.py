"""No process of a server outlives the one that started it, even when that is killed."""

from multiprocessing import parent_process

from tradepost.ground.orphans import die_with


def end_with(pid: int) -> None:
    """Let the kernel interrupt this process when its parent `pid` dies."""
    arrange = die_with(pid)
    if arrange is not None:
        arrange()


def end_with_main_process() -> None:
    """The same, for a process of Python's multiprocessing; any other is left alone."""
    main = parent_process()
    if main is not None and main.pid is not None:
        end_with(main.pid)
