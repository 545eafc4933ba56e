import subprocess
import sys

STORY = """
import gc, threading, time
from parts3d.settling import settle

release = threading.Event()
loading = threading.Thread(target=release.wait)
loading.start()
settling = settle(after=loading)
assert gc.get_freeze_count() == 0, "it waits until everything is loaded"
release.set()
settling.join()
assert gc.get_freeze_count() > len(gc.get_objects()), "what was loaded is left alone from now on"
assert gc.isenabled(), "what comes and goes is still collected"
"""


def test_a_process_that_has_loaded_everything_looks_it_over_no_more() -> None:
    """In a process of its own: nothing is set aside for the other tests."""
    subprocess.run([sys.executable, "-c", STORY], check=True, timeout=60)
