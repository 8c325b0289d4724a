"""Gives a row its programs and its directory, and ends all processes that it started."""

import contextlib
import os

import callers
import daemon
from bench.load import programs


class Workbench:
    """Workbench is for one row; processes that it starts end with the `with` block."""

    def __init__(self, root, directory, scratch, quick):
        self.directory, self.scratch, self.quick = directory, scratch, quick
        self.service_config = os.path.join(root, "deploy", "service_config.json")
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stack.close()

    def program(self, name):
        return os.path.join(self.directory, name)

    def pick(self, full, quick):
        return quick if self.quick else full

    def prepare(self, name, *flags, **options):
        """Returns a daemon that is not started yet."""
        made = daemon.Daemon(self, name, *flags, **options)
        self.stack.callback(made.stop)
        return made

    def daemon(self, name, *flags, **options):
        return self.prepare(name, *flags, **options).start()

    def client(self, name, targets, seconds, **flags):
        client = callers.Client(self, name, targets, seconds, **flags)
        self.stack.callback(client.kill)
        return client

    def load(self, server, name, seconds, warmup, **flags):
        return programs.Programs(self.directory, self.scratch).load(server, name, seconds, warmup, **flags)
