"""Ways to promise and to keep, to be compared in the same world."""

from collections.abc import Callable, Mapping

from parts3d.simulation.policies.naive import EarliestNaive, NearestNaive, NextDay, SafetyLead
from parts3d.simulation.policies.oracle import Oracle
from parts3d.simulation.policies.ours import Ours
from parts3d.simulation.policy import Policy

# In the order of the tables, the plainest first.
POLICIES: Mapping[str, Callable[[], Policy]] = {
    NextDay.name: NextDay,
    NearestNaive.name: NearestNaive,
    EarliestNaive.name: EarliestNaive,
    SafetyLead.name: SafetyLead,
    Ours.name: Ours,
    Oracle.name: Oracle,
}
