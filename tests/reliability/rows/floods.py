"""Floods the daemon, as peers that may call it and as peers that may not, while an honest caller and a probe call it."""

import itertools

import callers
import daemon
import machine
import outcome as outcomes
import scene as scenes

MEBIBYTE = 2**20
MEMORY = 64 * MEBIBYTE  # that the daemon may have had resident, at any time
SLOW_READERS_MEMORY = 250 * 10**6
DEADLINE = 1000  # ms of an honest call, from the time when it is due
LOG_LINES = 12  # that one attack may add
CLOSED, REFUSED = "proofmint_connections_closed_total", "proofmint_connections_refused_total"
HANDSHAKES = "proofmint_tls_handshake_failures_total"

# Maps each attack to the reason for which its connections are closed.
CALL_FLOODS = {"rapid_reset": "open_calls", "headers": "open_calls", "calls": "open_calls"}
HEADER_FLOODS = {"header_value": "header_block", "header_fields": "header_block", "table_references": "header_block",
                 "empty_continuation": "header_block"}
FRAME_FLOODS = {"data_bytes": "small_frames", "empty_data": "small_frames", "window_update": "small_frames",
                "ping": "control_frames", "ping_ack": "control_frames", "settings": "control_frames",
                "priority": "control_frames", "unknown": "control_frames"}


def call_floods(bench, outcome):
    floods(bench, outcome, CALL_FLOODS)


def header_floods(bench, outcome):
    floods(bench, outcome, HEADER_FLOODS)


def frame_floods(bench, outcome):
    floods(bench, outcome, FRAME_FLOODS)


def bombs(bench, outcome):
    """Sends calls that unpack to 800 MiB. To refuse one costs nothing, so connections stay open: those of allowed peers, and the
    few of foreign users that are served to be told so."""
    if not scenes.possible(outcome):
        return
    stage = Stage(bench, outcome)
    for number, (peer, connections) in enumerate(itertools.product(scenes.ALLOWED_PEERS + scenes.FOREIGN_PEERS, (1, 8))):
        if bench.quick and number % 4 != 0:
            continue
        metric = REFUSED if not peer.allowed and (peer.tls or connections > 4) else None
        stage.attack("gzip_bomb", peer, bench.pick(2, 0.8), metric, None, connections=connections)
    stage.measure()


def slow_readers(bench, outcome):
    """Requests large batches and never reads the answers. A full run lasts until such connections are closed."""
    if not scenes.possible(outcome):
        return
    stage = Stage(bench, outcome)
    for peer in scenes.ALLOWED_PEERS + bench.pick(scenes.FOREIGN_PEERS, []):
        metric, seconds = (CLOSED, 14) if peer.allowed else (REFUSED, 1)
        stage.attack("slow_reader", peer, bench.pick(seconds, 2), bench.pick(metric, None),
                     "unread_answers" if peer.allowed else None, memory=SLOW_READERS_MEMORY, connections=20, rate=250)
    stage.measure()


def connection_floods(bench, outcome):
    """Opens thousands of connections, and makes handshakes without end."""
    if not scenes.possible(outcome):
        return
    stage = Stage(bench, outcome)
    for peer in bench.pick(scenes.ALLOWED_PEERS + scenes.FOREIGN_PEERS, scenes.ALLOWED_PEERS[:1]):
        stage.attack("idle", peer, bench.pick(3, 1), REFUSED, "caller_limit" if peer is scenes.ALLOWED_PEERS[0] else None,
                     connections=3000)
    for peer in (peer for peer in bench.pick(scenes.ALLOWED_PEERS + scenes.FOREIGN_PEERS, []) if peer.tls):
        stage.attack("handshakes", peer, 4, REFUSED, "handshake_rate" if peer.allowed else None, connections=8, reconnect=0)
    stage.measure()


def floods(bench, outcome, attacks):
    if not scenes.possible(outcome):
        return
    stage = Stage(bench, outcome)
    for attack, reason in attacks.items():
        for peer, connections in plan(bench, attack):
            flags = {"connections": connections} | ({"acknowledge": "true"} if connections > 1 else {})
            stage.attack(attack, peer, bench.pick(2, 0.6) if peer.allowed else bench.pick(0.7, 0.5),
                         CLOSED if peer.allowed else REFUSED, reason if peer.allowed else None, **flags)
    stage.measure()


def plan(bench, attack):
    """Returns the pairs of a peer and a number of connections for an attack. A quick run has one allowed peer for each attack,
    in turn, and a foreign one for every third."""
    allowed = list(itertools.product(scenes.ALLOWED_PEERS, (1, 8)))
    foreign = list(itertools.product(scenes.FOREIGN_PEERS, (1, 8)))
    if not bench.quick:
        return allowed + foreign
    number = list(CALL_FLOODS | HEADER_FLOODS | FRAME_FLOODS).index(attack)
    return [allowed[number % len(allowed)], *([foreign[number // 3 % len(foreign)]] if number % 3 == 0 else [])]


class Stage:
    """Stage runs attacks, each on a daemon of its own, and judges them."""

    def __init__(self, bench, outcome):
        self.bench, self.outcome, self.scene = bench, outcome, scenes.Scene(bench)
        self.results = []

    def attack(self, attack, peer, seconds, metric, reason, memory=MEMORY, **flags):
        """Attacks for that time. The connections are to be cut off and counted in `metric`, with `reason` unless it is None;
        without a metric they need not be."""
        name = f"{attack}, {peer.name}, {flags['connections']}"
        outcomes.say(name)
        others = machine.OtherLoad()
        with self.scene.daemon() as server:
            before, lines = server.scrape(), server.log_lines()
            honest = self.scene.honest(server, peer.tls, seconds + 0.5)
            daemon.wait_until(lambda: server.scrape()["proofmint_proofs_total"] > before["proofmint_proofs_total"] + 5, 20,
                              f"{name}: no honest call arrives")
            flood = self.scene.flood(server, attack, peer, seconds, **flags)
            probe = callers.health(self.bench, server.target, "liveness")
            sent, run = flood.finish(), honest.finish()
            alive = self.outcome.expect(server.alive(), f"{name}: the daemon ended")
            result = {"attack": name, "sent": sent, "honest": summary(run), "others": others.cpus()}
            if alive:
                result |= {"memory": server.memory_peak(), "lines": server.log_lines() - lines}
                after = server.scrape()
                result["counted"] = {CLOSED: counted(after, before, CLOSED, reason if metric == CLOSED else None),
                                     REFUSED: counted(after, before, REFUSED, reason if metric == REFUSED else None),
                                     HANDSHAKES: counted(after, before, HANDSHAKES, None)}
                self.judge(result, name, probe, metric, reason, memory)
                self.outcome.equal(f"{name}: exit status", server.stop(), 0)
        self.results.append(result)

    def judge(self, result, name, probe, metric, reason, memory):
        """Expects what must hold in every attack."""
        expect, honest = self.outcome.expect, result["honest"]
        self.outcome.expect_speed(
            honest["answered"] == honest["due"] and honest["slowest_ms"] <= DEADLINE,
            f"{name}: got {honest['answered']} of {honest['due']} honest calls answered {honest['errors']}, the slowest after "
            f"{honest['slowest_ms']:,.0f} ms, want all within {DEADLINE}", result["others"])
        self.outcome.expect_speed(probe.status == 0 and probe.out == "SERVING",
                                  f"{name}: the liveness probe got {probe}, want SERVING", result["others"])
        expect(result["memory"] <= memory, f"{name}: got {result['memory'] / MEBIBYTE:.0f} MiB of resident memory, want at most "
               f"{memory / MEBIBYTE:.0f}")
        expect(result["lines"] <= LOG_LINES, f"{name}: got {result['lines']} more lines in the log, want at most {LOG_LINES}")
        if metric is None:
            return
        # Of peers that may not call a few get in over Unix, to be told so, and OpenSSL itself refuses some certificates.
        got = result["counted"][metric] if reason else sum(result["counted"].values())
        expect(got > 0, f"{name}: got no connection counted in {metric}{f' as {reason}' if reason else ''}")
        closed = result["sent"]["connections_closed"] + result["sent"]["connections_refused"]
        expect(closed > 0, f"{name}: got {result['sent']}, want the attacker cut off")

    def measure(self):
        """Adds the worst of all attacks to the row."""
        honest = [result["honest"] for result in self.results]
        answered, due = (sum(one[member] for one in honest) for member in ("answered", "due"))
        cut = sum(result["sent"]["connections_closed"] + result["sent"]["connections_refused"] for result in self.results)
        self.outcome.measure(
            f"{len(self.results)} attacks: {answered / max(1, due):.2%} of {due:,} honest calls answered, the slowest after "
            f"{max(one['slowest_ms'] for one in honest):,.0f} ms; at most "
            f"{max(result.get('memory', 0) for result in self.results) / MEBIBYTE:.0f} MiB and "
            f"{max(result.get('lines', 0) for result in self.results)} lines of log; {cut:,} connections cut off",
            attacks=self.results)


def counted(metrics, before, name, reason):
    labels = {"reason": reason} if reason else {}
    return metrics.total(name, **labels) - before.total(name, **labels)


def summary(run):
    """Returns what the honest caller saw. A call that it could not send in time is due and not answered."""
    return {"due": run["sent"] + run["errors"].get("NOT_SENT", 0), "answered": run["ok"], "errors": run["errors"],
            "p99_ms": run["latency_us"]["p99"] / 1000, "slowest_ms": run["latency_us"]["max"] / 1000}
