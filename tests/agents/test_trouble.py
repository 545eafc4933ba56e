"""The printer makes trouble, somebody else uses it, or the order is cancelled."""

from collections.abc import Callable

from printer_agents.client import sha256_of
from printer_agents.protocol import PrinterCondition
from tests.agents.shop import GCODE, CrashAt, Shop


def test_a_cancel_before_the_start_ends_the_attempt(shop: Shop) -> None:
    job = shop.server.add("job-1", GCODE)
    shop.server.lose["permit"] = 3
    shop.run(1)
    shop.control(stall_at=0.1)
    job.cancel = True
    assert shop.run_until("cancelled", "printed") == "cancelled"


def test_a_cancel_while_printing_stops_the_printer(shop: Shop) -> None:
    job = shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    job.cancel = True
    assert shop.run_until("cancelled", "printed") == "cancelled"
    assert shop.printer().snapshot().condition is PrinterCondition.IDLE
    assert not shop.agent.around.beds.clear("p1")


def test_a_failing_print_is_failed_in_the_printers_words(shop: Shop) -> None:
    shop.control(fail_at=0.5)
    shop.server.add("job-1", GCODE)
    assert shop.run_until("failed", "printed") == "failed"
    assert shop.server.heard[-1].detail == "The printer reports a fault."
    assert not shop.agent.around.beds.clear("p1")


def test_a_printer_that_vanishes_decides_nothing_until_it_is_back(shop: Shop) -> None:
    shop.control(vanish_at=0.5)
    job = shop.server.add("job-1", GCODE)
    shop.run(300)
    assert job.status == "printing"
    assert shop.server.printers["p1"].condition is PrinterCondition.OFFLINE
    shop.control()
    assert shop.run_until("printed") == "printed"


def test_a_stalled_print_calls_for_attention_and_is_not_ended(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop(stall_seconds=30)
    shop.control(stall_at=0.5)
    job = shop.server.add("job-1", GCODE)
    shop.run(100)
    assert job.status == "printing"
    assert shop.server.printers["p1"].condition is PrinterCondition.ATTENTION
    assert "not moved on" in (shop.server.printers["p1"].detail or "")
    shop.control()
    assert shop.run_until("printed") == "printed"


def test_a_stuck_printer_never_delays_another(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(printers=2)
    shop.control("p1", stall_at=0.2)
    for number in (1, 2):
        shop.server.add(f"job-{number}", GCODE)
    assert shop.run_until("printed", job_id="job-2") == "printed"
    assert shop.server.jobs["job-1"].status == "printing"
    assert (shop.starts("p1"), shop.starts("p2")) == (1, 1)


def test_a_printer_away_for_too_long_gives_the_job_back(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop(patience_seconds=30)
    shop.run(1)
    shop.server.add("job-1", GCODE)
    shop.agent.claim_step()
    shop.control(offline=True)
    shop.run(40)
    assert shop.server.kinds() == ["released"]
    assert shop.server.jobs["job-1"].status == "waiting"


def test_after_the_permit_a_printer_away_for_too_long_fails_as_never_started(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop(patience_seconds=30)
    shop.server.lose["permit"] = 1
    shop.server.add("job-1", GCODE)
    shop.run(1)
    shop.control(offline=True)
    assert shop.run_until("failed", "printed") == "failed"
    assert (shop.server.heard[-1].detail or "").startswith("Never started")
    assert shop.starts() == 0


def _print_something_else(shop: Shop) -> None:
    path = shop.folder / "own.gcode"
    path.write_bytes(b"G4 S1")
    device = shop.printer()
    device.start(device.upload(path, sha256_of(path), "own.gcode"))
    shop.now += 5


def test_somebody_printing_between_permit_and_start_keeps_the_job_from_starting(
    shop: Shop,
) -> None:
    def somebody(moment: str) -> None:
        if moment == "permit.after":
            _print_something_else(shop)

    shop.restart(somebody)
    shop.server.add("job-1", GCODE)
    assert shop.run_until("failed", "printed") == "failed"
    assert "somebody else used the printer" in (shop.server.heard[-1].detail or "")
    assert shop.starts() == 1


def test_somebody_printing_during_an_uncertain_start_leaves_it_to_a_person(shop: Shop) -> None:
    crash = CrashAt("start.before")
    shop.restart(crash)
    shop.server.add("job-1", GCODE)
    while not crash.reached:
        shop.run(1)
    _print_something_else(shop)
    assert shop.run_until("failed", "printed", "needs_human") == "needs_human"
    assert shop.starts() == 1


def test_a_cancel_of_what_has_ended_here_is_answered_once(shop: Shop) -> None:
    shop.server.refuse_permit = True
    job = shop.server.add("job-1", GCODE)
    shop.run(1)
    assert shop.server.kinds() == ["released"]
    job.status, job.cancel = "leased", True  # as a server that still counts the attempt
    job.lease_until = shop.now + 1_000
    shop.run(30)
    assert shop.server.kinds() == ["released", "cancelled"]


def test_a_permit_refused_after_a_long_silence_ends_as_never_started(shop: Shop) -> None:
    shop.server.refuse_permit = True
    shop.server.refusal_code = "not_startable"
    shop.server.add("job-1", GCODE)
    shop.run(1)
    assert shop.server.kinds() == ["failed"]
    assert shop.starts() == 0


def test_a_claim_does_not_wait_long_while_it_is_not_known_whether_a_bed_is_clear(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop(claim_wait_seconds=25)
    shop.run(2)
    assert shop.server.claim_waits == [3, 3, 25]
