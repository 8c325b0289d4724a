"""Tests the client over TCP: mutual TLS, certificates that are replaced, several signers."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

import certificates
from proofmint import SignerClient, SignerClientOptions, SignerError, TlsFiles
from proofmint.signer import options as options_module


@pytest.fixture
def authority(tmp_path):
    return certificates.Authority(str(tmp_path), "authority")


@pytest.fixture
def tls_daemon(start_daemon, authority):
    certificate, key = authority.issue("server", "IP:127.0.0.1")
    return start_daemon(f"--tls_certificate={certificate}", f"--tls_key={key}", f"--tls_client_ca={authority.certificate}",
                        "--allowed_sans=broker.example", listen="127.0.0.1:0")


def test_mutual_tls(tls_daemon, authority, request_of):
    tls = TlsFiles(*authority.issue("broker", "DNS:broker.example"), authority.certificate)
    with SignerClient(SignerClientOptions(target=tls_daemon.addresses[0], tls=tls, timeout=20)) as signer:
        assert signer.sign_proof(request_of()).jwt


def test_another_caller_gets_no_connection(tls_daemon, authority, request_of):
    tls = TlsFiles(*authority.issue("other", "DNS:other.example"), authority.certificate)
    with SignerClient(SignerClientOptions(target=tls_daemon.addresses[0], tls=tls, timeout=2)) as signer:
        with pytest.raises(SignerError) as caught:
            signer.sign_proof(request_of())
    assert caught.value.code in ("DEADLINE_EXCEEDED", "UNAVAILABLE")


def test_replaced_certificates_are_used_for_new_connections(tls_daemon, authority, request_of, tmp_path, monkeypatch):
    monkeypatch.setattr(options_module, "_TLS_CHECK_INTERVAL", 0)
    files = [str(tmp_path / name) for name in ("live.crt", "live.key")]

    def replace(issued):
        for new, live in zip(issued, files):
            shutil.copy(new, live + ".new")
            os.rename(live + ".new", live)

    replace(authority.issue("other", "DNS:other.example"))
    tls = TlsFiles(*files, authority.certificate)
    with SignerClient(SignerClientOptions(target=tls_daemon.addresses[0], tls=tls, timeout=20)) as signer:
        with pytest.raises(SignerError):
            signer.sign_proof(request_of(), timeout=2)
        replace(authority.issue("broker", "DNS:broker.example"))
        assert signer.sign_proof(request_of()).jwt
        os.remove(files[0])  # as in the middle of a replacement
        assert signer.sign_proof(request_of()).jwt


def test_calls_rotate_and_go_on_while_one_signer_of_two_is_away(start_daemon, request_of, tmp_path):
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    first, second = (start_daemon("--allow_insecure_loopback", f"--audit_log={log}", listen="127.0.0.1:0") for log in logs)
    target = f"ipv4:{first.addresses[0]},{second.addresses[0]}"
    with SignerClient(SignerClientOptions(target=target, timeout=20)) as signer, ThreadPoolExecutor(8) as pool:
        def sign(count):
            return len({proof.jwt for proof in pool.map(lambda _: signer.sign_proof(request_of()), range(count))})

        assert sign(200) == 200
        second.kill()
        assert all(log.read_text() for log in logs)
        assert sign(200) == 200
        assert signer.stats().failures == 0
