"""Tests that the .proto files generate clients for Go and Java that work, with Debian's packages for both."""

import glob
import os
import shutil
import subprocess

import pytest

from servers import Daemon

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PROTO = os.path.join(ROOT, "proto")
JARS = ("grpc-api", "grpc-context", "grpc-core", "grpc-netty", "grpc-protobuf", "grpc-protobuf-lite", "grpc-stub", "guava",
        "geronimo-annotation-1.3-spec", "netty-all", "perfmark-api", "protobuf")


@pytest.fixture
def daemon(tmp_path):
    server = Daemon(f"unix:{tmp_path}/signer.sock,127.0.0.1:0", "--allow_insecure_loopback")
    yield server
    server.stop()


def execute(*command, **options):
    """Runs a command and returns what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_works(output):
    proof, reason = output.splitlines()
    assert proof.count(".") == 2
    assert reason == "INVALID_HTU"


def test_go(daemon, tmp_path):
    source = tmp_path / "src"
    (source / "main").mkdir(parents=True)
    shutil.copy(os.path.join(HERE, "main.go"), source / "main")
    # google/rpc is that of genproto, to which its go_package leads: a second copy would panic at start.
    execute("protoc", f"-I{PROTO}", f"--go_out={source}", f"--go-grpc_out={source}", "proofmint/v1/proof_signer.proto")
    go = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{tmp_path}:/usr/share/gocode", "GOFLAGS": "-p=1"}
    program = str(tmp_path / "program")
    execute("go", "build", "-o", program, "main", env=go)
    service_config = os.path.join(ROOT, "deploy", "service_config.json")
    for address in daemon.addresses:
        assert_works(execute(program, address, service_config))


def test_java(daemon, tmp_path):
    source, classes = tmp_path / "source", tmp_path / "classes"
    source.mkdir()
    # Debian has no proto-google-common-protos, so google/rpc is generated, too.
    execute("protoc", f"-I{PROTO}", f"--java_out={source}", f"--grpc-java_out={source}",
            "--plugin=protoc-gen-grpc-java=/usr/bin/grpc_java_plugin", "proofmint/v1/proof_signer.proto",
            "google/rpc/status.proto", "google/rpc/error_details.proto")
    class_path = ":".join([f"/usr/share/java/{name}.jar" for name in JARS] + glob.glob("/usr/share/java/netty-*.jar"))
    execute("javac", "-nowarn", "-d", classes, "-cp", class_path, os.path.join(HERE, "Main.java"),
            *glob.glob(f"{source}/**/*.java", recursive=True))
    assert_works(execute("java", "-cp", f"{classes}:{class_path}", "Main", daemon.addresses[1]))
