"""What a process writes about itself: lines to stderr, no personal data."""

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def write_logs(level: int = logging.INFO) -> None:
    """Write log lines to stderr, once a process, whoever made them."""
    logging.basicConfig(level=level, format=_FORMAT, stream=sys.stderr, force=True)
    # Every received task is a line at INFO, and the sweep comes every few seconds.
    for chatty in ("celery.worker.strategy", "celery.app.trace", "httpx", "kombu"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
