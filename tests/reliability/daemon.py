"""Starts, stops and kills a proofmintd, again and again at the same addresses."""

import http.client
import os
import re
import signal
import socket
import subprocess
import time

from bench.load import programs
import raw

SAMPLE = re.compile(r"^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
# Makes the kernel kill the daemon if this process dies.
TIED = ["setpriv", "--pdeathsig", "KILL"]
# gRPC opens some descriptors when it first needs them.
FEW_DESCRIPTORS = 4


def wait_until(condition, seconds, what):
    """Returns the first true value of condition(). Raises ProgramError after `seconds`, with `what`, a text or its function."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise programs.ProgramError(f"after {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(0.01)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Metrics:
    """Metrics are those of one scrape of /metrics."""

    def __init__(self, text):
        self.samples = []
        for match in filter(None, map(SAMPLE.match, text.splitlines())):
            self.samples.append((match[1], dict(LABEL.findall(match[2] or "")), float(match[3])))

    def __getitem__(self, name):
        """Returns the sum over all labels. Raises KeyError if there is no such metric."""
        return self.total(name)

    def total(self, name, **labels):
        """Returns the sum of the samples with these labels. A missing metric raises KeyError; a missing label counts as 0."""
        if all(name != metric for metric, _, _ in self.samples):
            raise KeyError(name)
        return sum(value for metric, found, value in self.samples if metric == name and found.items() >= labels.items())


class Daemon:
    """Daemon has its own addresses: always a Unix socket, with tcp=True also a loopback port, in plaintext."""

    def __init__(self, bench, name, *flags, tcp=False, prefix=(), environment=None, log=None, listen=()):
        self.name, self.log = name, log or os.path.join(bench.scratch, f"{name}.log")
        self.socket = os.path.join(bench.scratch, f"{name}.sock")
        self.target = f"unix:{self.socket}"
        self.tcp = f"127.0.0.1:{free_port()}" if tcp else None
        self.metrics_port = free_port()
        self.metrics = f"http://127.0.0.1:{self.metrics_port}/metrics"  # as proofmint-load takes it
        self.environment = os.environ | (environment or {})
        addresses = [self.target, *([self.tcp] if tcp else []), *listen]
        self.command = [*TIED, *prefix, bench.program("proofmintd"), f"--listen={','.join(addresses)}",
                        f"--metrics_listen=127.0.0.1:{self.metrics_port}", *flags]
        if tcp:
            self.command.append("--allow_insecure_loopback")
        self.process = None

    @property
    def targets(self):
        return [self.target, self.tcp] if self.tcp else [self.target]

    def spawn(self):
        with open(self.log, "ab") as log:
            self.process = programs.start(self.command, log, env=self.environment, start_new_session=True)
        return self

    def start(self):
        """Starts it and waits until it serves."""
        self.spawn()
        self.wait_until_serving()
        return self

    def wait_until_serving(self):
        def serves():
            if not self.alive():
                raise programs.ProgramError(f"proofmintd {self.name} ended with {self.process.poll()}; it wrote:\n{self.tail()}")
            metrics = self.try_scrape()
            return metrics and metrics["proofmint_serving"] == 1 and self.listens()
        wait_until(serves, programs.START_TIMEOUT,
                   lambda: f"proofmintd {self.name} does not serve; it wrote:\n{self.tail()}")

    def listens(self):
        try:
            for address in filter(None, (self.socket, self.tcp)):
                raw.connect(address).close()
            return True
        except OSError:
            return False

    def tail(self):
        return programs.tail(self.log) if os.path.isfile(self.log) else ""

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def scrape(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=5)
        try:
            connection.request("GET", "/metrics")
            response = connection.getresponse()
            if response.status != 200:  # the port is open a moment before the page exists
                raise http.client.HTTPException(f"/metrics: got status {response.status}")
            return Metrics(response.read().decode())
        finally:
            connection.close()

    def try_scrape(self):
        try:
            return self.scrape()
        except (OSError, http.client.HTTPException):
            return None

    def expect_idle(self, outcome, before, seconds):
        """Waits until no proof is in flight and no more connections and descriptors are open than in `before`, a scrape.
        Returns the last scrape."""
        def left(metrics):
            limits = {"proofmint_in_flight_proofs": 0, "proofmint_connections": before["proofmint_connections"],
                      "process_open_fds": before["process_open_fds"] + FEW_DESCRIPTORS}
            return {name: f"{metrics[name]:g}, want at most {limit:g}" for name, limit in limits.items() if metrics[name] > limit}
        end = time.monotonic() + seconds
        while left(metrics := self.scrape()) and time.monotonic() < end:
            time.sleep(0.05)
        outcome.expect(not left(metrics), f"after {seconds} s not given back: {left(metrics)}")
        return metrics

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self):
        """Sends SIGTERM; returns the exit status. A second call returns the same."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            # A process that SIGSTOP has stopped does not receive SIGTERM.
            self.signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(programs.STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()

    def memory_peak(self):
        """Returns the most bytes that were resident so far, from /proc."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))

    def log_lines(self):
        with open(self.log, encoding="utf-8") as file:
            return sum(1 for _ in file)

    def cpu_seconds(self):
        """Returns the CPU time used so far, from /proc, since /metrics may be out of reach."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
