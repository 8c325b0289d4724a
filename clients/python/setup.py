"""Compiles the descriptors of the wire contract into the package; pyproject.toml says the rest."""

import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PROTO = Path(__file__).resolve().parents[2] / "proto"
FILES = ("proofmint/v1/proof_signer.proto", "google/rpc/error_details.proto")


class BuildWithDescriptors(build_py):
    """BuildWithDescriptors adds proof_signer.binpb, which protoc makes of the .proto files."""

    def run(self):
        super().run()
        output = Path(self.build_lib) / "proofmint" / "signer" / "proof_signer.binpb"
        subprocess.run(["protoc", f"-I{PROTO}", "--include_imports", f"--descriptor_set_out={output}", *FILES],
                       check=True)


setup(cmdclass={"build_py": BuildWithDescriptors})
