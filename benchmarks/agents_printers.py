"""One agent that drives many virtual printers: how much of a core it takes, idle and printing.

The agent is a process of its own, as ``parts3d-agent run`` starts it; the server is a small one in
this process. Its processor time is read from the system, over a while of wall time.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from printer_agents.keys import load_key, make_key
from tests.agents.fake_server import FakeServer

WARM_UP_SECONDS = 15.0
# About an hour of moves: it prints for as long as anybody measures.
GCODE = b"G28\nG90\nM83\n" + b"".join(b"G1 F600 X%d E1\n" % (150 * (n % 2)) for n in range(240))


class Quiet(ThreadingHTTPServer):
    """Says nothing of agents that hang up."""

    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, request: object, client_address: object) -> None:
        """An agent that ends leaves its long poll."""


def used_seconds(pid: int) -> float:
    """Return the processor time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process (Linux)."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1000


def serve(server: FakeServer) -> ThreadingHTTPServer:
    """Put the small server on a socket."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = f"http://127.0.0.1{self.path}"
            request = httpx.Request(self.command, url, headers=dict(self.headers), content=body)
            with lock:
                answer = server._handle(request)  # noqa: SLF001 - its border in this process
            wait = 0.0
            if self.path.endswith("/claim") and not json.loads(answer.content).get("work"):
                # A real server holds a claim until there is work.
                wait = json.loads(body)["wait_seconds"]
            time.sleep(wait)
            self.send_response(answer.status_code)
            for name in ("Content-Range",):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET = answer  # noqa: N815 - their names in http.server

        log_message = staticmethod(lambda *_words: None)  # type: ignore[assignment]

    http = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    return http


def share_of_core(printers: int, seconds: float, *, printing: bool) -> tuple[float, float]:
    """Return which share of one core an agent takes, and its memory in MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key = make_key("shop", folder / "agent.key")
        server = FakeServer(time.monotonic, load_key("shop", folder / "agent.key").public_key)
        del key
        http = serve(server)
        lines = [
            f'server_url = "http://127.0.0.1:{http.server_port}"',
            'agent_id = "shop"\nkey_file = "agent.key"\ndata_dir = "data"\nstatus_port = 0',
        ]
        for number in range(printers):
            lines.append(f'[[printers]]\nid = "p{number}"\ndriver = "virtual"\nmaterial = "PLA"')
            server.bed_clear[f"p{number}"] = True
            if printing:
                server.add(f"job-{number}", GCODE)
        (folder / "agent.toml").write_text("\n".join(lines))
        agent = subprocess.Popen(
            [sys.executable, "-m", "printer_agents", "run", "--config", folder / "agent.toml"],
            stderr=subprocess.DEVNULL,
        )
        try:
            until = time.monotonic() + 120
            while printing and time.monotonic() < until:
                if all(job.status == "printing" for job in server.jobs.values()):
                    break
                time.sleep(0.5)
            time.sleep(WARM_UP_SECONDS)
            busy = [job.status for job in server.jobs.values()].count("printing")
            if printing and busy < printers:
                print(f"  only {busy} of {printers} print yet")
            before, began = used_seconds(agent.pid), time.monotonic()
            time.sleep(seconds)
            used, took = used_seconds(agent.pid) - before, time.monotonic() - began
            memory = memory_mb(agent.pid)
        finally:
            agent.send_signal(signal.SIGTERM)
            agent.wait(timeout=30)
            http.shutdown()
    return used / took, memory


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--printers", type=int, nargs="*", default=[1, 10, 50])
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    print("printers  state     share of one core  memory")
    for printers in options.printers:
        for printing in (False, True):
            share, memory = share_of_core(printers, options.seconds, printing=printing)
            state = "printing" if printing else "idle"
            print(f"{printers:8}  {state:8}  {share:16.1%}  {memory:5.0f} MB", flush=True)


if __name__ == "__main__":
    main()
