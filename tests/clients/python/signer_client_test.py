"""Tests the client for threads against real daemons."""

import base64
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import claims
from proofmint import ProofRequest, SignerClient, SignerClientOptions, SignerError, hash_access_token


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "EdDSA"])
def test_a_proof_has_what_was_asked_for(signer, request_of, algorithm):
    first = signer.sign_proof(request_of(algorithm=algorithm, htm="GET", nonce="a-nonce", return_key_handle=True,
                                         access_token_sha256=hash_access_token("a-token"), iat_offset=-60))
    header, said = claims.decode(first.jwt)
    assert header["alg"] == algorithm
    ath = base64.urlsafe_b64encode(hash_access_token("a-token")).rstrip(b"=").decode()
    assert (said["htm"], said["htu"], said["nonce"], said["ath"], said["iat"]) == (
        "GET", "https://idp.example/token", "a-nonce", ath, first.iat)
    assert abs(time.time() - 60 - first.iat) < 30
    again = signer.sign_proof(request_of(algorithm=algorithm, key_handle=first.key_handle))
    assert again.jkt == first.jkt and again.key_handle == b"" and again.jwt != first.jwt


def test_what_is_printed_has_no_secret(signer, request_of):
    proof = signer.sign_proof(request_of(return_key_handle=True))
    assert proof.jwt not in repr(proof) and repr(proof.key_handle) not in repr(proof)
    request = repr(request_of(nonce="a-nonce", key_handle=proof.key_handle))
    assert "a-nonce" not in request and repr(proof.key_handle) not in request


def test_an_invalid_call_fails_alone(signer, request_of):
    """The signer's error names the field of the call, not that of the batch."""
    requests = [request_of(htu="https://user@idp.example/" if i % 2 else "https://idp.example/") for i in range(64)]

    def call(request):
        try:
            return signer.sign_proof(request)
        except SignerError as error:
            return error

    with ThreadPoolExecutor(len(requests)) as pool:
        results = list(pool.map(call, requests))
    for i, result in enumerate(results):
        if i % 2:
            assert (result.code, result.reason, result.field, result.retryable, result.retry_after) == (
                "INVALID_ARGUMENT", "INVALID_HTU", "htu", False, None)
            assert "requests[" not in str(result)
        else:
            assert claims.decode(result.jwt)


@pytest.mark.parametrize("members,field", [
    ({"htu": "https://idp.example/" + "a" * 2048}, "htu"),
    ({"htu": "https://idp.example/\u00e9"}, "htu"),
    ({"nonce": "n" * 2000}, "nonce"),
    ({"htm": "M" * 33}, "htm"),
    ({"key_handle": b"k" * 129}, "key_handle"),
    ({"access_token_sha256": b"short"}, "access_token_sha256"),
    ({"algorithm": "RS256"}, "algorithm"),
    ({"iat_offset": 301}, "iat_offset"),
    ({"iat_offset": float("nan")}, "iat_offset"),
])
def test_what_would_fail_a_whole_batch_is_refused_before(signer, request_of, members, field):
    with pytest.raises(SignerError) as caught:
        signer.sign_proof(request_of(**members))
    assert (caught.value.code, caught.value.field) == ("INVALID_ARGUMENT", field)
    assert signer.stats().batches == 0


def test_a_value_of_another_type_is_a_type_error(signer, request_of):
    for members in ({"htu": b"https://idp.example/"}, {"nonce": None}, {"key_handle": "text"}):
        with pytest.raises(TypeError):
            signer.sign_proof(request_of(**members))


def test_a_bad_key_handle_is_refused_by_the_signer(signer, request_of):
    with pytest.raises(SignerError) as caught:
        signer.sign_proof(request_of(key_handle=b"k" * 78))
    assert caught.value.reason == "INVALID_KEY_HANDLE"


def test_calls_of_many_threads_leave_together(signer, request_of):
    def work(_):
        return [signer.sign_proof(request_of()).jwt for _ in range(50)]

    with ThreadPoolExecutor(64) as pool:
        proofs = [jwt for jwts in pool.map(work, range(64)) for jwt in jwts]
    assert len(set(proofs)) == 64 * 50
    stats = signer.stats()
    assert (stats.calls, stats.proofs, stats.failures, stats.pending) == (3200, 3200, 0, 0)
    assert stats.items / stats.batches > 4


def test_capabilities(signer):
    capabilities = signer.get_capabilities()
    assert capabilities.algorithms == ("ES256", "Ed25519", "EdDSA")
    assert capabilities.max_batch_size == 256 and capabilities.max_iat_offset == 300


def test_passing_failures_are_retried(start_daemon, request_of):
    daemon = start_daemon("--enable_fault_injection", "--fault_key_generation_failure_rate=0.2",
                          "--fault_signing_failure_rate=0.2")
    with SignerClient(SignerClientOptions(target=daemon.addresses[0], timeout=60)) as signer:
        with ThreadPoolExecutor(16) as pool:
            proofs = list(pool.map(lambda _: signer.sign_proof(request_of()).jwt, range(300)))
        assert len(set(proofs)) == 300
        assert signer.stats().retries > 50


def test_a_call_that_is_alone_is_retried(start_daemon, request_of):
    """It fails on its caller's thread, and is retried on one of the client's."""
    daemon = start_daemon("--enable_fault_injection", "--fault_signing_failure_rate=0.3")
    with SignerClient(SignerClientOptions(target=daemon.addresses[0], timeout=20)) as signer:
        while signer.stats().retries < 5:
            assert signer.sign_proof(request_of()).jwt


def test_a_retry_that_would_be_late_is_not_made(start_daemon, request_of):
    """The call ends with the signer's error, and not with that of the deadline."""
    daemon = start_daemon("--caller_rate=0.01", "--caller_burst=256")
    with SignerClient(SignerClientOptions(target=daemon.addresses[0], timeout=20)) as signer:
        with pytest.raises(SignerError) as caught:
            for _ in range(260):
                signer.sign_proof(request_of())
        assert (caught.value.code, caught.value.reason) == ("RESOURCE_EXHAUSTED", "CALLER_QUOTA_EXCEEDED")
        assert caught.value.retryable and caught.value.retry_after >= 20
        assert signer.stats().retries == 0


def test_a_call_ends_at_its_deadline_though_its_batch_is_out(daemon, options, request_of):
    daemon.pause()
    with SignerClient(options) as signer, ThreadPoolExecutor(2) as pool:
        patient = pool.submit(signer.sign_proof, request_of())
        with pytest.raises(SignerError) as caught:
            signer.sign_proof(request_of(), timeout=0.2)
        assert caught.value.code == "DEADLINE_EXCEEDED"
        daemon.resume()
        assert patient.result().jwt


def test_calls_wait_for_a_signer_that_is_away(daemon, options, request_of):
    daemon.kill()
    with SignerClient(options) as signer, ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(signer.sign_proof, request_of()) for _ in range(8)]
        with pytest.raises(SignerError) as caught:
            signer.sign_proof(request_of(), timeout=0.2)
        assert caught.value.code == "DEADLINE_EXCEEDED"
        daemon.start()
        assert len({call.result().jwt for call in calls}) == 8


def test_no_call_fails_over_restarts(daemon, options, request_of):
    """The daemon is killed and started again, four times, under calls of 16 threads."""
    stop = threading.Event()

    def work(_):
        proofs = []
        while not stop.is_set():
            proofs.append(signer.sign_proof(request_of()).jwt)
        return proofs

    with SignerClient(options) as signer, ThreadPoolExecutor(16) as pool:
        workers = [pool.submit(work, i) for i in range(16)]
        try:
            for _ in range(4):
                before = signer.stats().proofs
                while signer.stats().proofs < before + 200 and not any(worker.done() for worker in workers):
                    time.sleep(0.01)
                daemon.kill()
                daemon.start()
        finally:
            stop.set()
        proofs = [jwt for worker in workers for jwt in worker.result()]
    assert len(set(proofs)) == len(proofs) >= 800


def test_close_fails_what_waits_and_what_comes(daemon, options, request_of):
    daemon.pause()
    signer = SignerClient(options)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(signer.sign_proof, request_of()) for _ in range(4)]
        while signer.stats().pending < 4:
            time.sleep(0.01)
        signer.close()
        for call in calls:
            with pytest.raises(SignerError, match="closed"):
                call.result()
    for call in (lambda: signer.sign_proof(request_of()), signer.get_capabilities):
        with pytest.raises(SignerError) as caught:
            call()
        assert caught.value.code == "CANCELLED"
    signer.close()


@pytest.mark.parametrize("scheme", ["unix:", "unix://"])
def test_both_forms_of_a_socket_address(daemon, request_of, scheme):
    path = daemon.addresses[0].removeprefix("unix:")
    with SignerClient(SignerClientOptions(target=scheme + path, timeout=20)) as signer:
        assert signer.sign_proof(request_of()).jwt


def test_an_unused_client_starts_nothing():
    before = threading.active_count()
    with SignerClient(SignerClientOptions(target="unix:///nowhere")):
        assert threading.active_count() == before
    assert ProofRequest(htu="https://idp.example/").htm == "POST"
