"""The life of a revision, from upload to sale."""

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
