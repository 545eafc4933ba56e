"""The life of a job."""

from enum import StrEnum

from parts3d.lifecycle import Lifecycle


class JobStatus(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"  # for a printer that is idle, clear and loaded
    LEASED = "leased"  # an agent has it; losing the lease is harmless
    START_PERMITTED = "start_permitted"  # from here no machine requeues it
    PRINTING = "printing"
    PRINTED = "printed"  # lies on the bed; staff check it
    PASSED = "passed"  # checked; to be bagged
    READY = "ready"  # on the shelf
    HANDED_OVER = "handed_over"
    UNKNOWN = "unknown"  # silence after a permit; only evidence or a person resolves it
    NEEDS_HUMAN = "needs_human"  # a machine cannot know; staff decide
    FAILED = "failed"  # this try is lost; staff or rules order a reprint
    MOVED = "moved"  # another job took its place
    CANCELLED = "cancelled"


JOB_LIFECYCLE = Lifecycle(
    "job",
    {
        JobStatus.WAITING: frozenset(
            {
                JobStatus.LEASED,
                JobStatus.NEEDS_HUMAN,  # a backup came back: it may have been printed since
                JobStatus.MOVED,
                JobStatus.CANCELLED,
            }
        ),
        JobStatus.LEASED: frozenset(
            {
                JobStatus.WAITING,
                JobStatus.START_PERMITTED,
                JobStatus.NEEDS_HUMAN,  # given back again and again: somebody must look
                JobStatus.MOVED,
                JobStatus.CANCELLED,
            }
        ),
        JobStatus.START_PERMITTED: frozenset(
            {
                JobStatus.PRINTING,
                JobStatus.PRINTED,
                JobStatus.UNKNOWN,
                JobStatus.NEEDS_HUMAN,
                JobStatus.FAILED,
            }
        ),
        JobStatus.PRINTING: frozenset(
            {JobStatus.PRINTED, JobStatus.UNKNOWN, JobStatus.NEEDS_HUMAN, JobStatus.FAILED}
        ),
        JobStatus.PRINTED: frozenset({JobStatus.PASSED, JobStatus.FAILED}),
        # Cancelled from here: a part of the stock that served it goes back there.
        JobStatus.PASSED: frozenset({JobStatus.READY, JobStatus.FAILED, JobStatus.CANCELLED}),
        JobStatus.READY: frozenset({JobStatus.HANDED_OVER, JobStatus.FAILED, JobStatus.CANCELLED}),
        JobStatus.HANDED_OVER: frozenset(),
        JobStatus.UNKNOWN: frozenset(
            {
                # The agent proved that it never started, and asks again with the same epoch.
                JobStatus.START_PERMITTED,
                JobStatus.PRINTING,
                JobStatus.PRINTED,
                JobStatus.FAILED,
                JobStatus.NEEDS_HUMAN,
            }
        ),
        JobStatus.NEEDS_HUMAN: frozenset(
            {JobStatus.PRINTING, JobStatus.PRINTED, JobStatus.FAILED, JobStatus.CANCELLED}
        ),
        # A reprint is a new attempt with a new epoch, ordered by a person or a rule.
        JobStatus.FAILED: frozenset({JobStatus.WAITING, JobStatus.MOVED, JobStatus.CANCELLED}),
        JobStatus.MOVED: frozenset(),
        JobStatus.CANCELLED: frozenset(),
    },
)
