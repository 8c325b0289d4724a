"""Reads proofs."""

import base64
import json
import os
import subprocess


def decode(jwt):
    """Returns header and claims of a proof, whose signature is verified by `proofmint inspect`."""
    program = os.path.join(os.environ["PROOFMINT_BIN_DIR"], "proofmint")
    subprocess.run([program, "inspect", "-"], input=jwt, text=True, check=True, capture_output=True)
    parts = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in jwt.split(".")]
    return json.loads(parts[0]), json.loads(parts[1])
