"""What a process writes about itself: lines to stderr, no personal data."""

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def write_logs(level: int = logging.INFO) -> None:
    """Write log lines to stderr, once a process, whoever made them."""
    import structlog

    logging.basicConfig(level=level, format=_FORMAT, stream=sys.stderr, force=True)
    # Every received task is a line at INFO, and the sweep comes every few seconds.
    for chatty in ("celery.worker.strategy", "celery.app.trace", "httpx", "kombu"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
