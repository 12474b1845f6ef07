"""Where the program's log goes and how it looks: lines for people, or one JSON object a line for machines.

Tracebacks come without the values of variables, which hold addresses and passwords.
"""

import logging
import sys
from typing import Any, Literal

import structlog
from structlog.types import Processor

Form = Literal["text", "json"]

_MARKS: list[Processor] = [
    structlog.contextvars.merge_contextvars,  # such as the id of the request
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def to_stderr(form: Form) -> None:
    """Write the log of this process to stderr."""
    # A pool that could not connect says so to whoever asks it for a connection.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*_MARKS, *_rendering(form)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),  # a line at once: several processes write
    )


def of_other_libraries(form: Form) -> dict[str, Any]:
    """Settings of Python's own logging, with which what Granian says looks the same."""
    return {
        "formatters": {
            "ours": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _MARKS,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(form)],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours", "stream": "ext://sys.stderr"}},
        "loggers": {"_granian": {"handlers": ["stderr"], "level": "WARNING", "propagate": False}},
    }


def chosen(form: Form | None) -> Form:
    """The form that is asked for, or else the one for who seems to be reading."""
    return form or ("text" if sys.stderr.isatty() else "json")


def _rendering(form: Form) -> list[Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
