"""The whole agent against a server in memory: the ordinary day and its troubles."""

import logging
from collections.abc import Callable

import pytest

from printer_agents.keys import make_key
from printer_agents.protocol import PrinterCondition
from tests.agents.shop import GCODE, CrashAt, Shop


def test_a_job_is_printed_reported_and_removed_from_the_printer(shop: Shop) -> None:
    job = shop.server.add("job-1", GCODE)
    assert shop.run_until("printed") == "printed"
    kinds = shop.server.kinds()
    assert kinds[:2] == ["starting", "printing"]
    assert kinds[-1] == "printed"
    assert set(kinds[2:-1]) == {"progress"}
    last = shop.server.heard[-1]
    assert last.progress == 1
    assert 20 < (last.printed_seconds or 0) < 40
    shop.run(2)
    assert job.ref is not None
    assert not list((shop.folder / "p1" / "files").iterdir())
    assert not list((shop.folder / "data" / "gcode").iterdir())


def test_after_a_start_the_bed_stays_unclear_until_staff_confirm(shop: Shop) -> None:
    shop.server.add("job-1", GCODE)
    shop.server.add("job-2", GCODE)
    shop.run_until("printed")
    shop.run(60)
    shop.restart()
    shop.run(60)
    assert shop.starts() == 1
    assert shop.server.jobs["job-2"].status == "waiting"
    shop.server.staff_clear("p1")
    assert shop.run_until("printed", job_id="job-2") == "printed"
    assert shop.starts() == 2


def test_a_bed_word_that_crossed_a_start_on_its_way_changes_nothing(shop: Shop) -> None:
    beds = shop.agent.around.beds
    shop.server.add("job-1", GCODE)
    shop.run(1)
    sent_before_the_start = {"p1": 0}
    shop.run_until("printing")
    sent_while_printing = beds.marks(["p1"])
    beds.hear(sent_before_the_start, {"p1": True})
    beds.hear(sent_while_printing, {"p1": True})
    assert not beds.clear("p1")
    shop.run_until("printed")
    beds.hear(sent_before_the_start, {"p1": True})
    beds.hear(sent_while_printing, {"p1": True})
    assert not beds.clear("p1")
    beds.hear(beds.marks(["p1"]), {"p1": True})
    assert beds.clear("p1")


def test_a_print_started_at_the_printer_itself_blocks_the_bed_and_the_server_hears_it(
    shop: Shop,
) -> None:
    shop.run(2)
    device, path = shop.printer(), shop.folder / "own.gcode"
    path.write_bytes(GCODE)
    sha = shop.server.add("unused", GCODE, material="PETG").sha256
    device.start(device.upload(path, sha, "own.gcode"))
    shop.now += 100  # over before the agent looks again
    shop.server.add("job-1", GCODE)
    shop.run(60)
    assert shop.starts() == 1
    assert shop.server.bed_clear["p1"] is False
    shop.server.staff_clear("p1")
    assert shop.run_until("printed") == "printed"


def test_a_wrong_hash_is_never_uploaded_and_the_job_is_given_back(shop: Shop) -> None:
    shop.server.add("job-1", GCODE).promised_sha256 = "0" * 64
    shop.run(20)
    assert "released" in shop.server.kinds()
    assert "SHA-256" in (shop.server.heard[0].detail or "")
    assert shop.starts() == 0


def test_a_broken_download_goes_on_where_it_stopped(shop: Shop) -> None:
    shop.server.break_download_at = 25
    shop.server.add("job-1", GCODE)
    shop.run_until("printed")
    assert shop.server.ranges == [None, "bytes=25-"]


def test_leftover_files_make_room_for_the_next_download(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(gcode_most_bytes=1_000)
    folder = shop.folder / "data" / "gcode"
    folder.mkdir(exist_ok=True)
    for number in range(5):
        (folder / f"p3d_old_{number}.gcode").write_bytes(b"G28\n" * 100)
    shop.server.add("job-1", GCODE)
    assert shop.run_until("printing", "printed") in {"printing", "printed"}
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 1_000
    assert shop.run_until("printed") == "printed"


def test_a_refused_permit_gives_the_job_back_without_a_start(shop: Shop) -> None:
    shop.server.refuse_permit = True
    shop.server.add("job-1", GCODE)
    shop.run(1)
    assert shop.server.kinds() == ["released"]
    assert shop.starts() == 0


def test_a_stale_epoch_before_the_start_drops_the_attempt_in_silence(shop: Shop) -> None:
    shop.run(1)
    job = shop.server.add("job-1", GCODE)
    shop.agent.claim_step()
    shop.control(offline=True)
    shop.run(1)  # downloaded; the upload waits for the printer
    job.epoch, job.status, job.ref = 2, "moved", None
    shop.run(30)  # the renewal hears of it
    shop.control()
    shop.run(10)
    assert shop.agent.journal.alive("p1") is None
    assert shop.server.kinds() == []
    assert shop.starts() == 0


def test_a_stale_epoch_while_printing_never_stops_the_print(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    job = shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    job.epoch, job.status, job.ref = 2, "moved", None
    shop.run(60)
    assert shop.printer().find(shop.server.heard[0].ref.file_name) is not None
    assert set(shop.server._seqs.values()) == {"accepted", "stale"}
    assert shop.server.kinds()[-1] == "printed"
    assert "a running print is not touched" in caplog.text


def test_an_agent_that_slept_past_its_lease_starts_nothing(shop: Shop) -> None:
    job = shop.server.add("job-1", GCODE)
    asleep = False

    def sleep_before_permit(moment: str) -> None:
        nonlocal asleep
        if moment == "permit.before" and not asleep:
            asleep = True
            shop.now += 300
            job.status, job.material = "waiting", "PETG"  # it went elsewhere meanwhile

    shop.restart(sleep_before_permit)
    shop.run(50)
    assert asleep
    assert shop.starts() == 0
    assert shop.agent.journal.alive("p1") is None


def test_an_agent_that_slept_after_its_permit_asks_again(shop: Shop) -> None:
    job = shop.server.add("job-1", GCODE)
    asleep = False

    def sleep_after_permit(moment: str) -> None:
        nonlocal asleep
        if moment == "permit.after" and not asleep:
            asleep = True
            shop.now += 3_600
            job.status, job.epoch = "failed", job.epoch + 1  # staff decided otherwise

    shop.restart(sleep_after_permit)
    shop.run(50)
    assert asleep
    assert shop.starts() == 0


def test_a_permit_whose_answer_is_lost_is_asked_again_with_the_same_epoch(shop: Shop) -> None:
    shop.server.lose["permit"] = 5
    job = shop.server.add("job-1", GCODE)
    assert shop.run_until("printed") == "printed"
    assert job.epoch == 1
    assert shop.starts() == 1


def test_no_permit_no_start_however_long_the_server_is_silent(shop: Shop) -> None:
    shop.server.lose["permit"] = 10_000
    shop.server.add("job-1", GCODE)
    shop.run(300)
    assert shop.starts() == 0


def test_offline_in_mid_print_it_prints_on_and_tells_everything_once_and_in_order(
    shop: Shop,
) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    shop.server.down = True
    shop.run(200)
    assert shop.agent.journal.alive("p1") is None
    shop.restart()
    shop.run(5)
    shop.server.down = False
    shop.server.lose["reports"] = 2
    assert shop.run_until("printed") == "printed"
    seqs = [report.event_seq for report in shop.server.heard]
    assert seqs == sorted(set(seqs))
    assert shop.server.kinds()[-1] == "printed"
    shop.run(40)  # until the lost acknowledgement has been repeated
    assert shop.agent.journal.waiting_reports(10) == []


def test_a_wrong_key_is_said_in_words_and_nothing_starts(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.server.public_key = make_key("other", shop.folder / "other.key").public_key
    shop.server.add("job-1", GCODE)
    with caplog.at_level(logging.ERROR, logger="parts3d.agent"):
        shop.run(50)
    assert shop.starts() == 0
    assert len(caplog.records) == 1
    words = caplog.records[0].getMessage()
    assert "refuses this agent (shop): The signature does not verify." in words
    assert shop.key.fingerprint in words


def test_another_material_than_the_loaded_one_is_not_taken(shop: Shop) -> None:
    shop.server.add("job-1", GCODE, material="PETG")
    shop.run(20)
    assert shop.starts() == 0
    assert shop.server.jobs["job-1"].epoch == 0


def test_a_lease_is_renewed_while_the_printer_keeps_it_waiting(shop: Shop) -> None:
    shop.run(1)
    job = shop.server.add("job-1", GCODE)
    shop.agent.claim_step()
    assert job.status == "leased"
    shop.control(offline=True)
    shop.run(100)
    assert (job.status, job.epoch) == ("leased", 1)
    shop.control()
    assert shop.run_until("printed") == "printed"
    assert job.epoch == 1


def test_a_claim_whose_answer_is_lost_is_given_back_at_once(shop: Shop) -> None:
    shop.server.lose["claim"] = 1
    job = shop.server.add("job-1", GCODE)
    assert shop.run_until("printed") == "printed"
    assert shop.server.kinds()[0] == "released"
    assert job.epoch == 2
    assert shop.now < 1_060  # it did not wait for the lease to run out


def test_an_end_is_believed_only_when_it_is_steady(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(steady_seconds=30)
    job = shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    shop.run(45)
    assert job.status == "printing"
    assert shop.server.printers["p1"].condition is PrinterCondition.FINISHING
    assert shop.run_until("printed") == "printed"


def test_after_a_restart_nothing_goes_on_before_the_server_has_said_hello(shop: Shop) -> None:
    crash = CrashAt("verify.after")
    shop.server.add("job-1", GCODE)
    shop.restart(crash)
    while not crash.reached:
        shop.run(1)
    shop.server.down = True
    shop.run(10)
    assert not list((shop.folder / "p1" / "files").iterdir())
    shop.server.down = False
    assert shop.run_until("printed") == "printed"
