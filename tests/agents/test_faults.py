"""Random troubles, many seeds: never two starts, nothing lost."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.shop import GCODE, CrashAt, Shop
from tests.agents.test_kills import KILL_POINTS

VERBS = ["hello", "claim", "renew", "permit", "reports", "printers"]
ENDS = {"printed", "needs_human", "failed"}
TROUBLES = st.one_of(
    st.tuples(st.just("kill"), st.sampled_from(KILL_POINTS)),
    st.tuples(st.just("lose"), st.sampled_from(VERBS)),
    st.tuples(st.just("down"), st.integers(1, 90)),
    st.tuples(st.just("sleep"), st.integers(1, 200)),
    st.tuples(st.just("control"), st.sampled_from(["ignore_start", "lose_start_answer", "reboot"])),
    st.tuples(st.just("offline"), st.integers(1, 40)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("run"), st.integers(1, 20)),
)


def _trouble(shop: Shop, kind: str, what: object) -> None:
    if kind == "kill":
        shop.restart(CrashAt(str(what)))
    elif kind == "lose":
        shop.server.lose[str(what)] += 2
    elif kind == "down":
        shop.server.down = True
        shop.run(int(str(what)))
        shop.server.down = False
    elif kind == "sleep":
        shop.now += int(str(what))
    elif kind == "control":
        shop.control(**{str(what): True})
    elif kind == "offline":
        shop.control(offline=True)
        shop.run(int(str(what)))
        shop.control()
    elif kind == "restart":
        shop.restart()
    shop.run(1 if kind != "run" else int(str(what)))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(troubles=st.lists(TROUBLES, max_size=8))
def test_whatever_happens_a_job_is_started_at_most_once_and_comes_to_an_end(
    troubles: list[tuple[str, object]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        try:
            shop.server.add("job-1", GCODE)
            for kind, what in troubles:
                _trouble(shop, kind, what)
            for _ in range(20):
                if shop.server.jobs["job-1"].status in ENDS:
                    break
                # Staff do their part: they clear a bed where nothing is held.
                held = shop.server.jobs["job-1"].status in {"permitted", "printing"}
                if not held and not shop.server.bed_clear["p1"]:
                    shop.server.staff_clear("p1")
                shop.run(15)
            shop.run(20)  # nothing may follow an end
            status = shop.server.jobs["job-1"].status
            assert status in ENDS
            assert shop.starts() <= 1
            if status == "failed":
                assert shop.starts() == 0, "a failure here means: never started"
            if status == "printed":
                assert shop.starts() == 1
            seqs = [r.event_seq for r in shop.server.heard]
            assert len(seqs) == len(set(seqs))
        finally:
            shop.agent.close()
