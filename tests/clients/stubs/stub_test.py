"""Tests that the .proto files generate clients that work, hold through restarts, and share a process with other copies of
google/rpc and of the health service: in Go, Java and Python with Debian's packages, in Node with connect-node."""

import glob
import os
import shutil
import socket
import subprocess
import time

import pytest
from google.protobuf import descriptor_pb2

from servers import TIED, Daemon

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PROTO = os.path.join(ROOT, "proto")
NODE = os.path.join(ROOT, "tests", "e2e", "node.sh")
PINNED_NODE = glob.glob(os.path.join(ROOT, "tests", "e2e", "node_modules", "node-linux-*", "bin"))
NODE_MODULES = os.path.join(HERE, "node_modules")
SERVICE_CONFIG = os.path.join(ROOT, "deploy", "service_config.json")
SIGNER = "proofmint/v1/proof_signer.proto"
# The .proto files of the packages that bring google/rpc and the health service. Debian has such a package only for Go.
GOOGLE = os.path.join(NODE_MODULES, "google-proto-files")
GRPC = "/usr/share/grpc-proto"
GOOGLE_FILES = ("google/rpc/status.proto", "google/rpc/error_details.proto")
HEALTH = "grpc/health/v1/health.proto"
JARS = ("grpc-api", "grpc-context", "grpc-core", "grpc-netty", "grpc-protobuf", "grpc-protobuf-lite", "grpc-stub", "guava",
        "geronimo-annotation-1.3-spec", "netty-all", "perfmark-api", "protobuf")
RESTARTS = 3


def execute(*command, **options):
    """Runs a command and returns what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def daemon(tmp_path):
    # Java's client takes TCP, and a restarted daemon must have the same address.
    server = Daemon(f"unix://{tmp_path}/signer.sock,127.0.0.1:{free_port()}", "--allow_insecure_loopback",
                    f"--audit_log={tmp_path}/calls")
    server.calls = tmp_path / "calls"
    yield server
    server.stop()


def wait_for_call(daemon, client):
    """Returns when the daemon has answered another call, or when the client has ended."""
    before = daemon.calls.stat().st_size
    while daemon.calls.stat().st_size == before and client.poll() is None:
        time.sleep(0.01)


def assert_works(daemon, *command, **options):
    """Runs a client, and restarts the daemon while the client calls."""
    with subprocess.Popen([*TIED, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          **options) as client:
        proof = client.stdout.readline()
        assert proof.count(".") == 2, client.communicate()
        for _ in range(RESTARTS):
            daemon.stop()
            daemon.start()
            wait_for_call(daemon, client)
        output, errors = client.communicate(timeout=60)
    assert client.returncode == 0, errors
    proofs, reason, health = output.splitlines()
    assert int(proofs) > RESTARTS
    assert reason == "INVALID_HTU"
    assert health == "SERVING"


def describe(file, *folders):
    command = ["protoc", *(f"-I{folder}" for folder in folders), "--descriptor_set_out=/dev/stdout", file]
    output = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True).stdout
    return str(descriptor_pb2.FileDescriptorSet.FromString(output))


@pytest.mark.parametrize("file", ["google/rpc/code.proto", *GOOGLE_FILES, HEALTH])
def test_our_copy_has_the_names_numbers_and_options_of_the_original(file):
    assert describe(file, PROTO) == describe(file, GOOGLE, GRPC)


def test_go(daemon, tmp_path):
    source = tmp_path / "src"
    (source / "main").mkdir(parents=True)
    shutil.copy(os.path.join(HERE, "main.go"), source / "main")
    # genproto and grpc-go bring the rest, to which the go_package of our copies leads: a second copy would panic at start.
    execute("protoc", f"-I{PROTO}", f"--go_out={source}", f"--go-grpc_out={source}", SIGNER)
    go = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{tmp_path}:/usr/share/gocode", "GOFLAGS": "-p=1"}
    program = str(tmp_path / "program")
    execute("go", "build", "-o", program, "main", env=go)
    assert_works(daemon, program, daemon.addresses[0], SERVICE_CONFIG, env={**os.environ, "GRPC_GO_RETRY": "on"})


def test_java(daemon, tmp_path):
    source, classes = tmp_path / "source", tmp_path / "classes"
    source.mkdir()
    plugin = ("--plugin=protoc-gen-grpc-java=/usr/bin/grpc_java_plugin", f"--java_out={source}", f"--grpc-java_out={source}")
    execute("protoc", f"-I{PROTO}", *plugin, SIGNER)
    # What proto-google-common-protos and grpc-services contain.
    execute("protoc", f"-I{GOOGLE}", f"-I{GRPC}", *plugin, *GOOGLE_FILES, HEALTH)
    class_path = ":".join([f"/usr/share/java/{name}.jar" for name in JARS] + glob.glob("/usr/share/java/netty-*.jar"))
    execute("javac", "-nowarn", "-d", classes, "-cp", class_path, os.path.join(HERE, "Main.java"),
            *glob.glob(f"{source}/**/*.java", recursive=True))
    assert_works(daemon, "java", "-cp", f"{classes}:{class_path}", "Main", daemon.addresses[1])


def generate_python(folder, *arguments):
    folder.mkdir(exist_ok=True)
    execute("protoc", f"--python_out={folder}", *arguments)


@pytest.fixture
def foreign_python(tmp_path):
    """A folder with what googleapis-common-protos and grpcio-health-checking contain."""
    folder = tmp_path / "foreign"
    generate_python(folder, f"-I{GOOGLE}", *GOOGLE_FILES)
    generate_python(folder, f"-Igrpc_health={GRPC}/grpc/health", "grpc_health/v1/health.proto")
    return folder


def test_python(daemon, tmp_path, foreign_python):
    code = tmp_path / "code"
    generate_python(code, f"-I{PROTO}", f"--grpc_python_out={code}",
                    "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", SIGNER)
    assert_works(daemon, "/usr/bin/python3", os.path.join(HERE, "main.py"), daemon.addresses[0], SERVICE_CONFIG,
                 env={**os.environ, "PYTHONPATH": f"{code}:{foreign_python}"})


CLIENT_BESIDE_COPIES = """
import sys
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from proofmint import ProofRequest, SignerClient, SignerClientOptions, SignerError

with SignerClient(SignerClientOptions(target=sys.argv[1], timeout=10)) as signer:
    signer.sign_proof(ProofRequest(htu="https://idp.example/token"))
    try:
        signer.sign_proof(ProofRequest(htu="https://user@idp.example/token"))
    except SignerError as error:
        print(error.reason)
"""


def test_the_python_package_beside_other_copies(daemon, tmp_path, foreign_python):
    installed = tmp_path / "installed"
    execute(os.path.join(ROOT, "tests", "clients", "python", "install.sh"), installed)
    python_path = f"{installed}/site:{foreign_python}"
    output = execute("/usr/bin/python3", "-c", CLIENT_BESIDE_COPIES, daemon.addresses[0],
                     env={**os.environ, "PYTHONPATH": python_path})
    assert output == "INVALID_HTU\n"


def generate_node(folder, *arguments):
    folder.mkdir()
    execute("protoc", f"--es_out={folder}", "--es_opt=target=js,import_extension=js",
            f"--plugin=protoc-gen-es={NODE_MODULES}/.bin/protoc-gen-es", *arguments,
            env={**os.environ, "PATH": ":".join([*PINNED_NODE, os.environ["PATH"]])})
    # Node looks for packages in the folders above that of the code.
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")


def test_node(daemon, tmp_path):
    ours, copies = tmp_path / "ours", tmp_path / "copies"
    # No npm package has google/rpc for protobuf-es. Its generated code registers nowhere, so another copy is no harm.
    generate_node(ours, f"-I{PROTO}", SIGNER, *GOOGLE_FILES, HEALTH)
    generate_node(copies, f"-I{GOOGLE}", f"-I{GRPC}", *GOOGLE_FILES, HEALTH)
    imports = [f"--import={copies}/{file.removesuffix('.proto')}_pb.js" for file in (*GOOGLE_FILES, HEALTH)]
    path = daemon.addresses[0].removeprefix("unix://")
    assert_works(daemon, NODE, *imports, os.path.join(HERE, "main.mjs"), path, ours)
