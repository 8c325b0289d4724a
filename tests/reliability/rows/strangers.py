"""Calls without permission: as another user, with another name, without a certificate, without TLS."""

import os
import shutil

import callers
import certificates
import daemon
import raw
import wire

NOBODY = 65534
NOT_ALLOWED = "CALLER_NOT_ALLOWED"
HANDSHAKES = "proofmint_tls_handshake_failures_total"
CONNECTIONS = "proofmint_connections_refused_total"


def strangers(bench, outcome):
    foreign_users(bench, outcome)
    foreign_certificates(bench, outcome)


def refused(metrics):
    return metrics.total("proofmint_errors_total", reason=NOT_ALLOWED)


def foreign_users(bench, outcome):
    if os.geteuid() != 0:
        outcome.skip("foreign uid: it takes root to start a process as another user")
        return
    # Every user may enter this folder and run the program in it, so that only the daemon keeps other users out.
    folder = os.path.join(bench.scratch, "open")
    os.mkdir(folder, 0o755)
    os.chmod(bench.scratch, 0o711)
    program = shutil.copy(bench.program("proofmint"), folder)
    for allowed in (12345, NOBODY):
        socket = os.path.join(folder, f"{allowed}.sock")
        server = bench.daemon(f"uid-{allowed}", f"--allowed_uids={allowed}", listen=[f"unix:{socket}"])
        os.chmod(socket, 0o666)
        made = server.scrape()["proofmint_proofs_total"]
        said = callers.sign(bench, f"unix:{socket}", program=program, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")
        metrics = server.scrape()
        if allowed == NOBODY:
            outcome.expect(said.status == 0, f"uid {NOBODY}, allowed: {said}, want a proof")
            outcome.equal(f"uid {NOBODY}, allowed: calls refused", refused(metrics), 0)
        else:
            outcome.expect(said.status == 1 and "PERMISSION_DENIED CALLER_NOT_ALLOWED" in said.error and not said.out,
                           f"uid {NOBODY}, not allowed: {said}, want PERMISSION_DENIED CALLER_NOT_ALLOWED")
            outcome.equal(f"uid {NOBODY}, not allowed: calls refused", refused(metrics), 1)
            outcome.equal(f"uid {NOBODY}, not allowed: proofs", metrics["proofmint_proofs_total"], made)
        # The daemon's own user is always allowed, for probes.
        said = callers.sign(bench, server.target)
        outcome.expect(said.status == 0, f"the daemon's own uid: {said}, want a proof")
        server.stop()
    outcome.measure("foreign uid refused and counted;")


def wait_until_counted(server, before):
    """Waits until the daemon has counted a refused call or a failed handshake since `before`, a scrape."""
    def counted():
        after = server.scrape()
        return refused(after) > refused(before) or after[HANDSHAKES] > before[HANDSHAKES]
    daemon.wait_until(counted, 10, "neither a refused call nor a failed handshake is counted")


def foreign_certificates(bench, outcome):
    ca = certificates.Authority(bench.scratch, "ca")
    other = certificates.Authority(bench.scratch, "other-ca")
    certificate, key = ca.issue("server", "IP:127.0.0.1")
    address = f"127.0.0.1:{daemon.free_port()}"
    server = bench.daemon("tls", f"--tls_certificate={certificate}", f"--tls_key={key}", f"--tls_client_ca={ca.certificate}",
                          "--allowed_sans=broker.example,spiffe://mesh.example/brokers/*", listen=[address])

    def call(name, authority, san):
        """Runs a client with a certificate of its own, or none; returns its summary, and what the daemon counted: calls refused,
        handshakes failed, connections refused as not_allowed, and proofs."""
        flags = {"tls_ca": ca.certificate}
        if authority:
            flags["tls_certificate"], flags["tls_key"] = authority.issue(name, san)
        before = server.scrape()
        # Makes one call: handshakes that a channel repeats after a failure would be counted, too.
        summary = bench.client(name, [address], 0.001, retry=False, threads=1, **flags).finish()
        if not summary["right_proofs"]:
            # The client may see the end of a failed handshake before the daemon counts it.
            wait_until_counted(server, before)
        after = server.scrape()
        return (summary, refused(after) - refused(before), after[HANDSHAKES] - before[HANDSHAKES],
                after.total(CONNECTIONS, reason="not_allowed") - before.total(CONNECTIONS, reason="not_allowed"),
                after["proofmint_proofs_total"] - before["proofmint_proofs_total"])

    for name, san in (("broker", "DNS:broker.example"), ("spiffe-broker", "URI:spiffe://mesh.example/brokers/a/1")):
        summary, denied, handshakes, connections, made = call(name, ca, san)
        callers.nothing_failed(outcome, san, summary)
        outcome.equal(f"{san}: calls refused, handshakes failed, connections refused", (denied, handshakes, connections), (0, 0, 0))
        outcome.equal(f"{san}: proofs", made, summary["right_proofs"])
    for name, san in (("stranger", "DNS:stranger.example"), ("prefix", "DNS:broker.example.evil.example"),
                      ("spiffe-stranger", "URI:spiffe://mesh.example/brokersx/a"), ("spiffe-dns", "DNS:mesh.example"),
                      ("no-name", "email:broker@broker.example")):
        summary, denied, handshakes, connections, made = call(name, ca, san)
        outcome.equal(f"{san}: failures", sorted(summary["failures"]), ["UNAVAILABLE"])
        outcome.expect(denied == 0 and connections >= 1, f"{san}: got {denied} calls and {connections} connections refused, want none "
                       "and at least 1: it ends in the handshake")
        outcome.equal(f"{san}: proofs", (made, summary["right_proofs"]), (0, 0))
    for name, authority, san in (("nameless", None, ""), ("forged", other, "DNS:broker.example")):
        summary, denied, handshakes, connections, made = call(name, authority, san)
        outcome.equal(f"{name}: failures", sorted(summary["failures"]), ["UNAVAILABLE"])
        outcome.expect(denied == 0 and handshakes >= 1,
                       f"{name}: got {denied} calls refused and {handshakes} failed handshakes counted, want 0 and at least 1")
        outcome.equal(f"{name}: proofs", (made, summary["right_proofs"]), (0, 0))
    before = server.scrape()
    with raw.connect(address) as plain:
        plain.sendall(wire.GREETING + wire.call(1, wire.SIGN_PROOF, wire.sign_request()))
        received, closed = raw.read_until_closed(plain, 10)
    outcome.expect(closed and b"eyJ" not in received, f"plaintext to TLS: got {received[:80]}, closed: {closed}; want it closed")
    counted = daemon.wait_until(lambda: server.scrape()[HANDSHAKES] - before[HANDSHAKES], 5,
                                "plaintext to TLS: no failure is counted")
    outcome.equal("plaintext to TLS: handshakes failed", counted, 1)
    outcome.equal("plaintext to TLS: proofs", server.scrape()["proofmint_proofs_total"], before["proofmint_proofs_total"])
    outcome.expect(server.alive(), "the daemon ended")
    outcome.measure("5 foreign SANs refused in the handshake and counted; no certificate, a forged one and plaintext: no handshake, counted")
