"""Sets the scene of an attack: a daemon, callers that it has to go on serving, and peers that attack it."""

import collections
import contextlib
import json
import os
import shutil
import subprocess

import certificates
import daemon
from bench.load import programs

# The users and the names in certificates of those that take part.
HONEST, ATTACKER, STRANGER = 20001, 20002, 20003
NAMES = {HONEST: "honest.example", ATTACKER: "attacker.example", STRANGER: "stranger.example"}
ALLOWED = (HONEST, ATTACKER)
EXPIRED = "expired"
# An attacker over TCP has an address of its own.
ATTACKERS_ADDRESS = "127.0.0.2:0"
RATE = 100  # honest calls per second

# Peer is one kind of attacker: whether it is allowed, and whether it uses TLS.
Peer = collections.namedtuple("Peer", ["name", "who", "tls", "allowed"])
ALLOWED_PEERS = [Peer("Unix", ATTACKER, False, True), Peer("TLS", ATTACKER, True, True)]
FOREIGN_PEERS = [Peer("foreign uid", STRANGER, False, False), Peer("foreign name", STRANGER, True, False),
                 Peer("expired certificate", EXPIRED, True, False)]


def possible(outcome):
    """Returns whether this process may start others as other users; if not, the row says so."""
    if os.geteuid() == 0:
        return True
    outcome.skip("it takes root to start processes as other users")
    return False


class Scene:
    """Scene has the programs and certificates of a row, where every user may read them."""

    def __init__(self, bench):
        self.bench = bench
        self.folder = os.path.join(bench.scratch, "open")
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o777)
        os.chmod(bench.scratch, 0o711)
        for program in ("proofmint-flood", "proofmint-load"):
            shutil.copy(bench.program(program), self.folder)
        self.authority = certificates.Authority(self.folder, "ca")
        self.server_certificate = self.authority.issue("server", "IP:127.0.0.1")
        self.certificates = {who: self.authority.issue(name, f"DNS:{name}") for who, name in NAMES.items()}
        self.certificates[EXPIRED] = self.authority.issue(EXPIRED, f"DNS:{NAMES[ATTACKER]}", days=-1)
        for who, files in self.certificates.items():
            for file in files:
                os.chmod(file, 0o644)
        self.count = 0

    @contextlib.contextmanager
    def daemon(self, *flags):
        """Starts a daemon with a Unix socket and a TLS port, which the honest caller and the attacker may call."""
        self.count += 1
        address = f"127.0.0.1:{daemon.free_port()}"
        certificate, key = self.server_certificate
        server = daemon.Daemon(
            self.bench, f"open/{self.count}", f"--allowed_uids={','.join(map(str, ALLOWED))}",
            f"--allowed_sans={','.join(NAMES[who] for who in ALLOWED)}", f"--tls_certificate={certificate}", f"--tls_key={key}",
            f"--tls_client_ca={self.authority.certificate}", "--lame_duck=0s", *flags, listen=[address])
        server.tls = address
        try:
            server.start()
            os.chmod(server.socket, 0o666)
            yield server
        finally:
            server.stop()

    def identity(self, who, tls):
        """Returns the flags and the options of a process that calls as `who`. Over TLS its name is what identifies it."""
        if not tls:
            return {}, {"user": who, "group": who, "extra_groups": []}
        certificate, key = self.certificates[who]
        return {"tls_certificate": certificate, "tls_key": key}, {}

    def honest(self, server, tls, seconds):
        """Starts an honest caller: an open loop, whose calls have a second."""
        return self._load(server, HONEST, tls, seconds, rate=RATE, timeout="1s", connections=4)

    def burst(self, server, tls, **flags):
        """Starts a closed loop of another allowed caller."""
        return self._load(server, ATTACKER, tls, 1, **flags)

    def _load(self, server, who, tls, seconds, **flags):
        identity, options = self.identity(who, tls)
        if tls:
            identity |= {"target": server.tls, "tls_ca": self.authority.certificate}
        folder = os.path.join(self.folder, str(who))
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o777)
        load = programs.Programs(self.folder, folder).start_load(
            server, f"{NAMES[who]}, {'TLS' if tls else 'Unix'}", seconds, 0, options | {"cwd": "/"}, metrics=None,
            **identity, **flags)
        self.bench.stack.callback(load.kill)
        return load

    def flood(self, server, attack, peer, seconds, **flags):
        """Starts an attack."""
        identity, options = self.identity(peer.who, peer.tls)
        if peer.tls:
            flags |= {"target": server.tls, "source": ATTACKERS_ADDRESS}
        flood = Flood(os.path.join(self.folder, "proofmint-flood"), options,
                      {"attack": attack, "target": server.target, "duration": seconds} | identity | flags, peer.tls)
        self.bench.stack.callback(flood.kill)
        return flood


class Flood:
    """Flood is a running proofmint-flood."""

    def __init__(self, program, options, flags, tls):
        command = [*daemon.TIED, program, *(["--tls"] if tls else []), *(f"--{flag}={value}" for flag, value in flags.items())]
        self.seconds = flags["duration"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/", **options)

    def finish(self):
        """Waits for the end; returns what the program printed."""
        try:
            out, error = self.process.communicate(timeout=self.seconds + 30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise programs.ProgramError("proofmint-flood does not end") from None
        if self.process.returncode != 0:
            raise programs.ProgramError(f"proofmint-flood: status {self.process.returncode}: {error}")
        return json.loads(out)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
