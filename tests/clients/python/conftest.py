"""Fixtures: a daemon and clients of it."""

import pytest

from proofmint import ProofRequest, SignerClient, SignerClientOptions
from servers import Daemon, IdentityProvider


@pytest.fixture
def start_daemon(tmp_path):
    """A function that starts a daemon on a Unix socket, with further flags, or at another address."""
    daemons = []

    def start(*flags, listen=None):
        daemons.append(Daemon(listen or f"unix:{tmp_path}/signer-{len(daemons)}.sock", *flags))
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.resume()
        daemon.stop()


@pytest.fixture
def daemon(start_daemon):
    return start_daemon()


@pytest.fixture
def options(daemon):
    return SignerClientOptions(target=daemon.addresses[0], timeout=20)


@pytest.fixture
def signer(options):
    with SignerClient(options) as client:
        yield client


@pytest.fixture(scope="session")
def idp():
    provider = IdentityProvider()
    yield provider
    provider.stop()


@pytest.fixture
def request_of():
    """A function that makes a ProofRequest with some other members."""
    return lambda **members: ProofRequest(**{"htu": "https://idp.example/token", **members})
