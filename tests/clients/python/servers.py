"""Starts real daemons, and the real identity provider, for tests."""

import json
import os
import signal
import subprocess

E2E = os.path.join(os.path.dirname(__file__), "..", "..", "e2e")
# Makes the kernel kill a server when the thread that started it ends: start servers on the main thread.
TIED = ["setpriv", "--pdeathsig", "KILL"]


class Daemon:
    """Daemon is a proofmintd with its addresses, which stay the same when it is started again."""

    def __init__(self, listen, *flags):
        program = os.path.join(os.environ["PROOFMINT_BIN_DIR"], "proofmintd")
        self._command = [*TIED, program, f"--listen={listen}", *flags]
        self._process = None
        self.start()

    def start(self):
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)
        self.addresses = []
        log = []
        for line in self._process.stderr:
            log.append(line)
            entry = json.loads(line) if line.startswith("{") else {}
            if entry.get("message") == "listening" and "address" in entry:
                self.addresses.append(entry["address"])
            if entry.get("message") == "serving":
                return
        raise RuntimeError("proofmintd does not serve:\n" + "".join(log))

    def kill(self):
        self._process.kill()
        self._process.communicate()

    def pause(self):
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
            self._process.communicate(timeout=10)
            assert self._process.returncode == 0


class IdentityProvider:
    """IdentityProvider is the provider of tests/e2e: every proof needs a nonce and none can be replayed."""

    def __init__(self):
        script = os.path.join(os.path.dirname(__file__), "serve_identity_provider.mjs")
        self._process = subprocess.Popen([*TIED, os.path.join(E2E, "node.sh"), script], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        assert line, "serve_identity_provider.mjs does not serve"
        about = json.loads(line)
        self.issuer = about["issuer"]
        self.client = about["client"]
        self.public_client = about["publicClient"]
        self.resource = about["resource"]
        self.scope = about["scope"]

    def stop(self):
        self._process.communicate(timeout=10)  # The end of its standard input ends it.
        assert self._process.returncode == 0
