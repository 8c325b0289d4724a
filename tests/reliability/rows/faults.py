"""Makes key generation and entropy fail, at times or permanently."""

import json
import signal

import callers
import daemon
from bench.load import programs

RATE = 0.2
REASON = "UNAVAILABLE KEY_GENERATION_FAILED"


def key_generation(bench, outcome):
    server = bench.daemon("key_generation", "--enable_fault_injection", f"--fault_key_generation_failure_rate={RATE}")
    seconds = bench.pick(6, 2)

    def counted():
        return server.scrape().total("proofmint_errors_total", reason="KEY_GENERATION_FAILED")

    # A caller that never retries sees every failure, and so does the metric.
    for name, batch in (("unary", 1), ("batch 8", 8)):
        before = counted()
        plain = bench.client(f"plain-{batch}", [server.target], seconds, retry=False, rate=300, threads=8, batch=batch).finish()
        failed = plain["failures"].get(REASON, 0)
        callers.proofs_are_right(outcome, f"{name} without retries", plain)
        outcome.equal(f"{name} without retries: kinds of failures", sorted(plain["failures"]), [REASON])
        outcome.equal(f"{name} without retries: failures without reason, RetryInfo or pushback", plain["unlabelled"], 0)
        outcome.equal(f"{name} without retries: failures that the metric counted", counted() - before, failed)
        share = failed / max(1, failed + plain["right_proofs"])
        outcome.expect(0.1 < share < 0.3, f"{name} without retries: got {share:.1%} of the proofs failed, want about {RATE:.0%}")
        outcome.measure(f"{name} without retries: {share:.0%} failed, all counted;", **{f"{name} without retries": plain})
    # The retry policy hides the failures, except that all 5 attempts fail in 0.03 % of the calls, and that gRPC never retries
    # an item of a batch. So the broker itself repeats what is missing, after the delay of the RetryInfo.
    for name, batch in (("unary", 1), ("batch 8", 8)):
        before = counted()
        retrying = bench.client(f"retrying-{batch}", [server.target], seconds, rate=300, threads=16, batch=batch,
                                repeats=20).finish()
        callers.nothing_failed(outcome, f"{name} with retries", retrying)
        outcome.equal(f"{name} with retries: kinds of failures", sorted(set(retrying["failures"]) - {REASON}), [])
        outcome.expect(counted() > before, f"{name} with retries: the metric counted no failure")
        left = sum(retrying["failures"].values())
        outcome.expect(batch > 1 or left <= 1 + retrying["calls"] / 200,
                       f"{name} with retries: got {left} failures that the policy left to the broker, want 0.03 % of the calls")
        outcome.measure(f"{name} with retries: {retrying['failed_calls']} of {retrying['calls']:,} calls failed, "
                        f"{counted() - before:,.0f} failures counted;", **{f"{name} with retries": retrying})
    outcome.expect(server.alive(), "the daemon ended")


def not_ready(bench, outcome):
    """Runs a daemon that can make no key, then one that has no entropy from the start."""
    server = bench.prepare("not_ready", "--enable_fault_injection", "--fault_key_generation_failure_rate=1", tcp=True).spawn()
    metrics = daemon.wait_until(server.try_scrape, programs.START_TIMEOUT, lambda: f"no metrics; it wrote:\n{server.tail()}")
    # This is long enough for a daemon that would wrongly become ready.
    client = bench.client("refused", server.targets, bench.pick(4, 2), retry=False, rate=100, threads=4).finish()
    outcome.equal("proofs from a daemon that cannot make keys", client["right_proofs"], 0)
    outcome.equal("failures", sorted(client["failures"]), ["UNAVAILABLE NOT_READY"])
    outcome.equal("failures without reason, RetryInfo or pushback", client["unlabelled"], 0)
    for service in ("", "proofmint.v1.ProofSigner"):
        said = callers.health(bench, server.target, service)
        outcome.expect(said.status == 1 and said.out == "NOT_SERVING", f'health of "{service}": {said}, want 1 and NOT_SERVING')
    said = callers.health(bench, server.target, "liveness")
    outcome.expect(said.status == 0 and said.out == "SERVING", f"liveness: {said}, want 0 and SERVING: restarting does not help")
    metrics = server.scrape()
    outcome.equal("proofmint_serving", metrics["proofmint_serving"], 0)
    outcome.equal("proofmint_proofs_total", metrics["proofmint_proofs_total"], 0)
    outcome.expect(metrics.total("proofmint_errors_total", reason="NOT_READY") >= client["failed_calls"],
                   "proofmint_errors_total does not count the refusals as NOT_READY")
    outcome.expect(metrics.total("proofmint_self_checks_total", result="error") > 0, "no failed self-check is counted")
    problems = [line for line in lines_of(server.log) if line.get("level") in ("warning", "error", "critical")]
    outcome.expect(any("key generation" in json.dumps(line) for line in problems),
                   f"the log does not say that keys cannot be generated: {problems}")
    outcome.expect(server.alive(), "the daemon ended")
    server.stop()
    broken = bench.prepare("no_entropy", environment={"LD_PRELOAD": bench.program("proofmint-fault-preload.so"),
                                                      "PROOFMINT_NO_ENTROPY": "1"}).spawn()
    status = broken.process.wait(programs.START_TIMEOUT)
    outcome.expect(status not in (0, -signal.SIGSEGV), f"without entropy: got status {status}, want a failure")
    outcome.expect(any(line.get("level") == "error" and "entropy" in json.dumps(line) for line in lines_of(broken.log)),
                   f"without entropy: the log does not name it: {broken.tail()}")
    outcome.measure(f"{client['failed_calls']} calls refused as NOT_READY, {client['right_proofs']} proofs, health NOT_SERVING, "
                    f"live; without entropy it exits with {status} and says why", refused=client)


def lines_of(log):
    with open(log, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.startswith("{")]
