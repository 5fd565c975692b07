"""``betenet app`` as a program: it starts quickly, is killed, and starts again."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from tests.unit.app.conftest import Visitor, program

from betenet.cli import main

pytestmark = pytest.mark.slow


def test_a_page_survives_a_server_that_is_killed(browser):
    """The visitor sees it, and starts the lost job again."""
    with program("--port", "0") as (first, address):
        visitor = Visitor(browser, address)
        visitor.open()
        visitor.press("V3Si")
        browser.wait("document.querySelector('section[aria-label=Methods]')")
        visitor.tab("phonons")
        visitor.press("Compute phonons")
        browser.wait("document.querySelector('.job')?.innerText.includes('displacements')", 120)
        first.send_signal(signal.SIGKILL)
        first.wait()
        browser.wait("document.querySelector('.job')?.innerText.includes('looking for it')")
        port = address.rsplit(":", 1)[1].rstrip("/")
        with program("--port", port):
            visitor.press("Start it again")
            browser.wait("document.querySelector('.job')?.innerText.includes('Phonons')")
            assert "Stable" in visitor.text("[data-testid=verdict]")


def test_twenty_predictions_of_ten_clients_while_a_job_runs(niobium):
    with program("--port", "0") as (_, address):

        def predict(_: int) -> float:
            began = time.monotonic()
            answer = httpx2.post(
                f"{address}api/predict", files=[("files", ("Nb.cif", niobium))], timeout=60
            )
            assert answer.status_code == 200
            assert answer.json()[0]["formula"] == "Nb"
            return time.monotonic() - began

        predict(0)
        job = httpx2.post(
            f"{address}api/pressure",
            files={"file": ("Nb.cif", niobium)},
            data={"pressures": [float(k) for k in range(20)]},
            timeout=60,
        ).json()["id"]
        with ThreadPoolExecutor(10) as clients:
            assert len(list(clients.map(predict, range(20)))) == 20
        state = httpx2.get(f"{address}api/jobs/{job}").json()["state"]
        assert state in {"queued", "running", "done"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_whoever_listens_hears_the_end(vanadium_silicide, number):
    """In the middle of a job, without a word that would frighten."""
    with program("--port", "0") as (found, address):
        data = {"pressures": [float(k) for k in range(20)]}
        file = {"file": ("V3Si.cif", vanadium_silicide)}
        job = httpx2.post(f"{address}api/pressure", files=file, data=data, timeout=90).json()
        with httpx2.stream("GET", f"{address}api/jobs/{job['id']}/events", timeout=90) as events:
            lines = events.iter_lines()
            assert any('"running"' in line for line in lines)
            found.send_signal(number)
            assert list(lines)[-1] == ""  # whole to its end
        assert found.wait(20) in {0, 130, -number}
        told = found.stderr.read()
        assert "Traceback" not in told
        assert "ERROR" not in told


def test_a_port_in_use_is_told(capsys):
    with program("--port", "0") as (_, address):
        port = address.rsplit(":", 1)[1].rstrip("/")
        assert main(["app", "--no-browser", "--port", port]) == 2
    error = capsys.readouterr().err
    assert f"port {port}" in error
    assert "--port" in error


def test_another_address_gets_a_token():
    with program("--host", "0.0.0.0", "--port", "0", BETENET_APP_TOKEN="a-word") as (_, address):  # noqa: S104, S106
        assert "token=a-word" in address
        plain = address.partition("?")[0]
        assert httpx2.get(f"{plain}api/status", timeout=30).status_code == 401
        bearer = {"authorization": "Bearer a-word"}
        assert httpx2.get(f"{plain}api/status", headers=bearer, timeout=30).status_code == 200
