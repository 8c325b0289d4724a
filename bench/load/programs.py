"""Runs the programs of a load test: servers on temporary sockets, and proofmint-load."""

import json
import os
import signal
import subprocess
import sys
import time

START_TIMEOUT = 30  # seconds
STOP_TIMEOUT = 15


class ProgramError(Exception):
    """ProgramError is raised when a program fails; its text has the program and its output."""


def tail(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return "".join(file.readlines()[-20:])


def start(command, output, **options):
    """Starts a process that writes to `output`. Signals are blocked meanwhile, so that a handler can end the process."""
    held = []
    handlers = {number: signal.signal(number, lambda got, _: held.append(got)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        process = subprocess.Popen(command, stdout=output, stderr=output, **options)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if held:
        process.kill()
        process.wait()
        raise KeyboardInterrupt
    return process


class Server:
    """Server is a running proofmintd or proofmint-empty-server."""

    def __init__(self, program, directory, name, *flags):
        self.target = f"unix:{os.path.join(directory, name)}.sock"
        self.log = os.path.join(directory, f"{name}.log")
        self.metrics = None
        with open(self.log, "wb") as log:
            # The server has its own session, so that Ctrl-C reaches only the load, which ends first and writes its report.
            self.process = start([program, f"--listen={self.target}", "--metrics_listen=127.0.0.1:0", *flags], log,
                                 start_new_session=True)
        try:
            self._wait_until_serving()
        except BaseException:
            self.stop()
            raise

    def _wait_until_serving(self):
        end = time.monotonic() + START_TIMEOUT
        while time.monotonic() < end and self.process.poll() is None:
            with open(self.log, encoding="utf-8") as file:
                lines = [json.loads(line) for line in file if line.endswith("\n") and line.startswith("{")]
            for line in lines:
                if line.get("message") == "listening" and "metrics" in line:
                    self.metrics = f"http://{line['metrics']}/metrics"
            if self.metrics and any(line.get("message") == "serving" for line in lines):
                return
            time.sleep(0.02)
        raise ProgramError(f"{self.process.args[0]} does not serve; it wrote:\n{tail(self.log)}")

    def stop(self):
        """Ends the server; a second call does nothing."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Programs:
    """Programs starts the programs of `directory`, and stops those that still run at the end of its `with` block."""

    def __init__(self, directory, scratch):
        self.directory, self.scratch, self.servers = directory, scratch, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()

    def start(self, program, name, *flags):
        server = Server(os.path.join(self.directory, program), self.scratch, name, *flags)
        self.servers.append(server)
        return server

    def load(self, server, name, seconds, warmup, **flags):
        """Runs proofmint-load against `server`; returns its report with the name of the run. The flags are those of --help."""
        file, log = os.path.join(self.scratch, "run.json"), os.path.join(self.scratch, "load.log")
        if os.path.exists(file):
            os.remove(file)
        arguments = {"target": server.target, "metrics": server.metrics, "json": file, "duration": f"{seconds:g}s",
                     "warmup": f"{warmup:g}s"} | flags
        command = [os.path.join(self.directory, "proofmint-load"), *(f"--{flag}={value}" for flag, value in arguments.items())]
        say(name)
        with open(log, "wb") as output, start(command, output) as process:
            try:
                process.wait(steps(arguments) * (seconds + warmup) + 60)
            except subprocess.TimeoutExpired:
                raise ProgramError(f"proofmint-load does not end: {' '.join(command)}\n{tail(log)}") from None
            finally:
                if process.poll() is None:
                    process.kill()
        if process.returncode == -signal.SIGINT:
            raise KeyboardInterrupt
        try:
            with open(file, encoding="utf-8") as stream:
                run = {"name": name} | json.load(stream)
        except (OSError, ValueError) as error:
            raise ProgramError(f"proofmint-load wrote no report ({error}): {' '.join(command)}\n{tail(log)}") from None
        if run["interrupted"]:
            raise KeyboardInterrupt
        # Status 1 means a wrong proof, or no proof. If the figures do not show it, it was in another step of a sweep.
        shown = sum(run["errors"].values()) + run["verify_failures"] > 0
        if process.returncode not in ((0, 1) if shown else (0,)) or server.process.poll() is not None:
            raise ProgramError(f"{' '.join(command)}: status {process.returncode}\n{tail(log)}{tail(server.log)}")
        return run


def steps(flags):
    return int(flags["sweep"].rsplit(":", 1)[1]) if "sweep" in flags else 1


STARTED = time.monotonic()


def say(text, program="load"):
    """Prints progress to standard error."""
    seconds = int(time.monotonic() - STARTED)
    print(f"{program}: {seconds // 60}:{seconds % 60:02d} {text}", file=sys.stderr, flush=True)


def exit_with(main, program):
    """Ends the process with the status of main(). A ProgramError, or a program that is missing, is printed and ends it with 1;
    Ctrl-C ends it with 130."""
    try:
        sys.exit(main())
    except (ProgramError, OSError) as error:
        sys.exit(f"{program}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
