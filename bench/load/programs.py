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
        return self.start_load(server, name, seconds, warmup, **flags).finish()

    def start_load(self, server, name, seconds, warmup, options=None, **flags):
        """Starts what `load` runs; its `finish` returns the report. `options` are those of subprocess.Popen."""
        return Load(self, server, name, seconds, warmup, flags, options or {})


class Load:
    """Load is a running proofmint-load. One runs at a time in a directory."""

    def __init__(self, places, server, name, seconds, warmup, flags, options):
        self.server, self.name = server, name
        self.file, self.log = (os.path.join(places.scratch, file) for file in ("run.json", "load.log"))
        if os.path.exists(self.file):
            os.remove(self.file)
        arguments = {"target": server.target, "metrics": server.metrics, "json": self.file, "duration": f"{seconds:g}s",
                     "warmup": f"{warmup:g}s"} | flags
        self.limit = steps(arguments) * (seconds + warmup) + 60
        self.command = [os.path.join(places.directory, "proofmint-load"),
                        *(f"--{flag}={value}" for flag, value in arguments.items() if value is not None)]
        say(name)
        with open(self.log, "wb") as output:
            self.process = start(self.command, output, **options)

    def kill(self):
        """Ends the program if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def finish(self):
        """Waits for the end; returns the report with the name of the run."""
        try:
            self.process.wait(self.limit)
        except subprocess.TimeoutExpired:
            raise ProgramError(f"proofmint-load does not end: {' '.join(self.command)}\n{tail(self.log)}") from None
        finally:
            self.kill()
        if self.process.returncode == -signal.SIGINT:
            raise KeyboardInterrupt
        try:
            with open(self.file, encoding="utf-8") as stream:
                run = {"name": self.name} | json.load(stream)
        except (OSError, ValueError) as error:
            raise ProgramError(f"proofmint-load wrote no report ({error}): {' '.join(self.command)}\n"
                               f"{tail(self.log)}") from None
        if run["interrupted"]:
            raise KeyboardInterrupt
        # Status 1 means a wrong proof, or no proof. If the figures do not show it, it was in another step of a sweep.
        shown = sum(run["errors"].values()) + run["verify_failures"] > 0
        if self.process.returncode not in ((0, 1) if shown else (0,)) or self.server.process.poll() is not None:
            raise ProgramError(f"{' '.join(self.command)}: status {self.process.returncode}\n"
                               f"{tail(self.log)}{tail(self.server.log)}")
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
