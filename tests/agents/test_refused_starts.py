"""A printer that says no has started nothing; one that says nothing gets time to show it."""

from printer_agents.drivers.base import PrinterState, RemoteFile
from printer_agents.drivers.virtual import VirtualPrinter
from printer_agents.errors import PrinterRefused, StartUnanswered
from tests.agents.shop import Shop, carry_on


class Reluctant(VirtualPrinter):
    """A printer that keeps no history, and refuses starts or shows them late."""

    refusals = 0
    late_looks = 0

    def snapshot(self) -> PrinterState:
        state = super().snapshot()
        return PrinterState(state.condition, state.session, None, state.file_name, state.progress)

    def start(self, remote: RemoteFile) -> None:
        if self.refusals:
            self.refusals -= 1
            raise PrinterRefused("The printer cannot start now.")
        if not self.late_looks:
            super().start(remote)
            return
        self.pending = remote
        raise StartUnanswered("The printer did not answer the start.")

    def look(self) -> None:
        """Let the start that was heard become a print, after some looks."""
        if self.late_looks:
            self.late_looks -= 1
            if not self.late_looks:
                VirtualPrinter.start(self, self.pending)


def reluctant(shop: Shop, *, refusals: int = 0, late_looks: int = 0) -> Reluctant:
    section = shop.config.printers[0]
    printer = Reluctant(section, shop.clock)  # type: ignore[arg-type]
    printer.refusals, printer.late_looks = refusals, late_looks
    shop.agent.close()
    shop.printer = lambda _printer_id="p1": printer  # type: ignore[method-assign, assignment]
    shop.agent = shop.start(carry_on)
    return printer


def test_a_refused_start_is_asked_again_from_the_permit_though_nothing_proves_it(
    shop: Shop,
) -> None:
    reluctant(shop, refusals=2)
    shop.server.add("job-1", b"G1 X10 E1\n")
    assert shop.run_until("printed", "needs_human", "failed") == "printed"
    assert shop.starts() == 1


def test_a_printer_that_refuses_for_ever_gets_no_fourth_start(shop: Shop) -> None:
    printer = reluctant(shop, refusals=99)
    job = shop.server.add("job-1", b"G1 X10 E1\n")
    shop.run_until("failed", "needs_human")
    assert job.status == "failed"
    assert printer.refusals == 96
    assert shop.starts() == 0


def test_a_start_that_shows_late_is_waited_for_before_a_person_is_asked(shop: Shop) -> None:
    printer = reluctant(shop, late_looks=5)
    job = shop.server.add("job-1", b"G1 X10 E1\n")
    for _ in range(60):
        shop.run(1)
        if job.status in {"printed", "needs_human"}:
            break
        if hasattr(printer, "pending"):
            printer.look()
    assert job.status == "printed"
    assert shop.starts() == 1
