"""The lives of an upload's check and of a revision, from upload to sale."""

from enum import StrEnum

from parts3d.lifecycle import Lifecycle


class RevisionStatus(StrEnum):
    """Where a revision stands."""

    DRAFT = "draft"  # uploaded or loaded; not yet offered for approval
    SUBMITTED = "submitted"  # waits for a second maintainer
    APPROVED = "approved"  # may be sliced and sold
    REJECTED = "rejected"  # a maintainer said no, with a reason
    WITHDRAWN = "withdrawn"  # was on sale, is no longer


REVISION_LIFECYCLE = Lifecycle(
    "revision",
    {
        RevisionStatus.DRAFT: frozenset({RevisionStatus.SUBMITTED, RevisionStatus.REJECTED}),
        RevisionStatus.SUBMITTED: frozenset({RevisionStatus.APPROVED, RevisionStatus.REJECTED}),
        RevisionStatus.APPROVED: frozenset({RevisionStatus.WITHDRAWN}),
        RevisionStatus.REJECTED: frozenset(),
        RevisionStatus.WITHDRAWN: frozenset(),
    },
)


class CheckStatus(StrEnum):
    """Where the check of an uploaded model stands."""

    QUEUED = "queued"  # rung, or to be rung by the sweep
    CHECKING = "checking"  # a worker has it, until its lease ends
    DONE = "done"  # the examination is in the row, whatever its verdict
    REFUSED = "refused"  # the file cannot be read; the row says why and where
    FAILED = "failed"  # workers died over it again and again: our fault, not the file's


CHECK_LIFECYCLE = Lifecycle(
    "check",
    {
        CheckStatus.QUEUED: frozenset({CheckStatus.CHECKING}),
        CheckStatus.CHECKING: frozenset(
            {CheckStatus.DONE, CheckStatus.REFUSED, CheckStatus.FAILED}
        ),
        CheckStatus.DONE: frozenset(),
        CheckStatus.REFUSED: frozenset(),
        CheckStatus.FAILED: frozenset(),
    },
)
