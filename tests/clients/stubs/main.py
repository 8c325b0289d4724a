"""Calls the signer with generated code: main.py TARGET SERVICE_CONFIG.

Prints a proof, then makes calls until standard input ends, and prints how many succeeded, the reason of a call that fails, and
the health status.
"""

import sys
import threading
from pathlib import Path

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from proofmint.v1 import proof_signer_pb2, proof_signer_pb2_grpc


def connect(target, service_config):
    """The channel for the process: it waits for a signer that is restarting, and finds it again within a second."""
    return grpc.insecure_channel(target, options=[
        ("grpc.service_config", service_config),
        ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000),
        ("grpc.enable_http_proxy", 0)])


def sign(signer, htu):
    return signer.SignProof(proof_signer_pb2.SignProofRequest(htm="POST", htu=htu), timeout=10)


def reason(error):
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    for detail in status_pb2.Status.FromString(details).details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason
    return str(error)


def end_of_input():
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    return ended


def main(target, service_config):
    with connect(target, Path(service_config).read_text(encoding="utf-8")) as channel:
        signer = proof_signer_pb2_grpc.ProofSignerStub(channel)
        print(sign(signer, "https://idp.example/token").proof, flush=True)
        proofs = 1
        ended = end_of_input()
        while not ended.is_set():
            sign(signer, "https://idp.example/token")
            proofs += 1
        print(proofs)
        try:
            sign(signer, "https://user@idp.example/token")
        except grpc.RpcError as error:
            print(reason(error))
        check = channel.unary_unary("/grpc.health.v1.Health/Check", health_pb2.HealthCheckRequest.SerializeToString,
                                    health_pb2.HealthCheckResponse.FromString)
        print(health_pb2.HealthCheckResponse.ServingStatus.Name(check(health_pb2.HealthCheckRequest(), timeout=10).status))


main(*sys.argv[1:])
