"""Tests what the options of a client refuse, and where they come from."""

import pytest

from proofmint import SignerClient, SignerClientOptions, TlsFiles


def test_the_target_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("PROOFMINT_TARGET", "dns:///signer.example:8443")
    assert SignerClientOptions().target == "dns:///signer.example:8443"
    assert SignerClientOptions(target="unix:/run/x.sock").target == "unix:/run/x.sock"
    monkeypatch.delenv("PROOFMINT_TARGET")
    assert SignerClientOptions().target == "unix:///run/proofmint/proofmintd.sock"


@pytest.mark.parametrize("members,message", [
    ({"target": "/run/x.sock"}, "target: got '/run/x.sock', want unix:///PATH"),
    ({"target": "unix:"}, "target: "),
    ({"target": "a b"}, "target: "),
    ({"timeout": 0}, "timeout: got 0, want"),
    ({"timeout": float("nan")}, "timeout: "),
    ({"max_batch_size": 257}, "max_batch_size: got 257, want 1 to 256"),
    ({"max_batches_in_flight": 0}, "max_batches_in_flight: "),
    ({"max_queued": 0}, "max_queued: "),
])
def test_an_option_is_refused_by_name(members, message):
    with pytest.raises(ValueError, match=message):
        SignerClientOptions(**members)


def test_a_missing_file_for_tls_is_named():
    with pytest.raises(ValueError, match="tls.ca: No such file"):
        SignerClient(SignerClientOptions(target="localhost:1", tls=TlsFiles("/nowhere", "/nowhere", "/nowhere")))
