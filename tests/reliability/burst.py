"""burst.py TARGET HOW: sends calls all at once on one fresh connection of gRPC for Python, and prints as JSON how they ended.

HOW: answered sends 4,000 and waits for them; cancelled sends 256, batches of 16, and cancels them; expired sends 4,000 whose
deadline passes while many of them wait for their turn.
"""

import collections
import json
import sys

import grpc

import wire

CALLS = {"answered": 4000, "cancelled": 256, "expired": 4000}
DEADLINES = {"answered": 20, "cancelled": 20, "expired": 0.1}  # seconds
SIGN = wire.SIGN_PROOF, wire.sign_request()
BATCH = wire.BATCH_SIGN_PROOFS, wire.batch_request(16)


def burst(target, how):
    """Returns how many calls ended with each code."""
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        path, request = BATCH if how == "cancelled" else SIGN
        calls = [channel.unary_unary(path).future(request, timeout=DEADLINES[how]) for _ in range(CALLS[how])]
        if how == "cancelled":
            for call in calls:
                call.cancel()
        return collections.Counter(call.code().name for call in calls)


if __name__ == "__main__":
    print(json.dumps(burst(*sys.argv[1:])))
