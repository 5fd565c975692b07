"""The page's server: its first answer, a prediction, many at once, its memory, beside the verb.

    python benchmarks/page.py [--predictions 20] [--clients 10] [--rounds 5]

The server runs as `betenet app` starts it. The peer is `betenet predict` of the same file, in a
process of its own: what a page whose server calls the command line would cost for each answer.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from betenet.app.page import examples, page_files

VERB = [sys.executable, "-m", "betenet", "predict", "--phonons", "none"]


def seconds(work: Callable[[], object]) -> float:
    """Time that a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ask(address: str, name: str = "", **fields: str) -> bytes:
    """An answer of the server; with the name of an example, that file is sent."""
    if not name:
        return urllib.request.urlopen(address, timeout=120).read()  # noqa: S310 - our server
    key, mark = ("files" if address.endswith("predict") else "file"), uuid4().hex
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{key}"; filename="{name}"\r\n\r\n']
    body = parts[0].encode() + examples()[name] + b"\r\n"
    for field, value in fields.items():
        body += f'--{mark}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'.encode()
        body += f"{value}\r\n".encode()
    body += f"--{mark}--\r\n".encode()
    request = urllib.request.Request(address, body)  # noqa: S310 - our server
    request.add_header("content-type", f"multipart/form-data; boundary={mark}")
    return urllib.request.urlopen(request, timeout=120).read()  # noqa: S310 - our server


def resident(process: int) -> float:
    """Memory of a process [MiB]."""
    text = Path(f"/proc/{process}/status").read_text("utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) / 1024.0


def processor(process: int) -> float:
    """Seconds that a process has kept a processor busy: load of others does not lengthen them."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print a line for each number."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--predictions", type=int, default=20, help="predictions of a round")
    parser.add_argument("--clients", type=int, default=10, help="clients that ask at once")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, for the memory")
    arguments = parser.parse_args()
    compressed = sum(len(file.compressed) for file in page_files().values())
    print(f"page, compressed: {compressed / 1e3:.0f} kB")
    began = time.perf_counter()
    command = [sys.executable, "-m", "betenet", "app", "--no-browser", "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        address = re.findall(r"http://\S+", server.stderr.readline())[0]
        ask(address)
        took = time.perf_counter() - began
        print(f"first answer after {took:.2f} s, {processor(server.pid):.2f} s of processor")
        ask(f"{address}api/predict", "Nb.cif")
        took = time.perf_counter() - began
        print(f"first prediction after {took:.2f} s, {processor(server.pid):.2f} s of processor")
        measure(address, server.pid, arguments)
    finally:
        server.kill()


def measure(address: str, process: int, arguments: argparse.Namespace) -> None:
    """Print what the running server takes."""

    def predict(_: int = 0) -> float:
        return seconds(lambda: ask(f"{address}api/predict", "Nb.cif"))

    before = processor(process)
    alone = statistics.median(predict() for _ in range(5))
    busy = (processor(process) - before) / 5
    print(f"a prediction of Nb: {1e3 * alone:.0f} ms, {1e3 * busy:.0f} ms of processor")
    path = Path("Nb.cif").resolve()
    path.write_bytes(examples()["Nb.cif"])
    verb = seconds(lambda: subprocess.run([*VERB, str(path)], check=True, capture_output=True))
    print(f"betenet predict of it: {verb:.2f} s, {verb / alone:.0f} times as long")
    for number in range(arguments.rounds):
        with ThreadPoolExecutor(arguments.clients) as clients:
            took = seconds(lambda: list(clients.map(predict, range(arguments.predictions))))
        what = f"{arguments.predictions} predictions of {arguments.clients} clients"
        print(f"round {number + 1}: {what} in {took:.2f} s, then {resident(process):.0f} MiB")
    print("load of the machine:", *(f"{one:.1f}" for one in os.getloadavg()))
    ask(f"{address}api/pressure", "V3Si.cif", pressures="100")
    time.sleep(1.0)
    while_busy = statistics.median(predict() for _ in range(5))
    print(f"a prediction while a job relaxes V3Si: {1e3 * while_busy:.0f} ms")


if __name__ == "__main__":
    os.chdir(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - where the verb's file goes
    main()
