"""Runs the callers of a daemon: the retrying client, and the command line."""

import json
import os
import signal
import subprocess

import daemon
from bench.load import programs


class Client:
    """Client is a proofmint-retrying-client. It retries as deploy/service_config.json says, unless retry=False."""

    def __init__(self, bench, name, targets, seconds, retry=True, **flags):
        self.name, self.seconds, self.deadline = name, seconds, 10
        self.out, self.log = (os.path.join(bench.scratch, f"{name}.{suffix}") for suffix in ("json", "log"))
        arguments = {"target": ",".join(targets), "duration": f"{seconds:g}s", "deadline": f"{self.deadline}s"}
        if retry:
            arguments["service_config"] = bench.service_config
        command = [*daemon.TIED, bench.program("proofmint-retrying-client"),
                   *(f"--{flag}={value}" for flag, value in (arguments | flags).items())]
        with open(self.out, "wb") as out, open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=out, stderr=log, start_new_session=True)

    def stop(self):
        """Stops the client once its calls in flight have ended; returns its summary."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._finish(self.deadline + 20)

    def finish(self):
        """Waits until the client ends by itself; returns its summary."""
        return self._finish(self.seconds + self.deadline + 20)

    def _finish(self, seconds):
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise programs.ProgramError(f"client {self.name} does not end\n{programs.tail(self.log)}") from None
        if status not in (0, 1):
            raise programs.ProgramError(f"client {self.name}: status {status}\n{programs.tail(self.log)}")
        with open(self.out, encoding="utf-8") as file:
            return json.load(file)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def proofs_are_right(outcome, name, summary):
    """Expects that a client's run got proofs, none of them wrong and none twice."""
    outcome.expect(summary["wrong_proofs"] + summary["duplicate_proofs"] == 0,
                   f"{name}: got {summary['wrong_proofs']} wrong and {summary['duplicate_proofs']} duplicate proofs, "
                   f"want none; the first: {summary['first_problem']}")
    outcome.expect(summary["right_proofs"] > 0, f"{name}: got no proof at all")


def nothing_failed(outcome, name, summary):
    """Expects what proofs_are_right does, and that no call failed."""
    proofs_are_right(outcome, name, summary)
    outcome.expect(summary["failed_calls"] == 0,
                   f"{name}: got {summary['failed_calls']} failed calls of {summary['calls']}, want none; the first: "
                   f"{summary['first_failure']}; attempts that failed: {summary['failures']}")


class Command:
    """Command is one run of `proofmint`: its exit status and its output."""

    def __init__(self, program, *arguments, seconds=15, **options):
        try:
            done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=seconds, check=False, **options)
            self.status, self.out, self.error = done.returncode, done.stdout.strip(), done.stderr.strip()
        except subprocess.TimeoutExpired:
            self.status, self.out, self.error = None, "", f"did not end within {seconds} s"

    def __str__(self):
        return f"status {self.status}: {self.out} {self.error}".replace("\n", " ")


def sign(bench, target, *flags, program=None, **options):
    """Runs `proofmint sign` once; its output is a line of JSON if it succeeds."""
    return Command(program or bench.program("proofmint"), "sign", f"--target={target}", "--htu=https://idp.example/token",
                   "--json", *flags, **options)


def health(bench, target, service="", **options):
    return Command(bench.program("proofmint"), "health", f"--target={target}", *([f"--service={service}"] if service else []),
                   **options)
