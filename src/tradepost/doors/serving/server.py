"""The server's main process: `python -m tradepost.doors.serving.server PARENT HOST PORT PROCESSES`.

It runs Granian, which starts the processes that answer and replaces one that dies. `tradepost serve` is its parent and
hands over the rest in the environment; see handover.py.
"""

import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from tradepost.doors.serving import logs, processors
from tradepost.doors.serving.handover import handed_over
from tradepost.doors.serving.lifeline import end_with

CONNECTIONS = 10_000  # of one process: idle and slow ones must not keep others out
HEADER_SECONDS = 5
GRACE_SECONDS = 15  # for requests in flight, when the server is told to stop


def main() -> None:
    """Serve until SIGTERM or SIGINT, or until the parent is gone."""
    parent, host, port, processes = sys.argv[1:]
    end_with(int(parent))
    handover = handed_over()
    processors.let_others_finish()
    if handover.folder:
        processors.share_out(handover.folder, int(processes))
    Granian(
        "tradepost.doors.serving.app:make",
        host,
        int(port),
        interface=Interfaces.ASGI,
        factory=True,
        workers=int(processes),
        http=HTTPModes.auto,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000),
        websockets=False,
        respawn_failed_workers=True,  # without it, one killed process ends the server
        workers_kill_timeout=GRACE_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=logs.of_other_libraries(handover.log),
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
