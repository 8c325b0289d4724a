"""Makes throw-away certificates with the openssl command."""

import os
import subprocess

from bench.load import programs

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    """Authority is a certificate authority with its files in `directory`."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        openssl("req", "-x509", *KEY, "-days", "2", "-subj", f"/CN={name}", "-keyout", self.path(name, "key"), "-out",
                self.certificate)

    @property
    def certificate(self):
        return self.path(self.name, "crt")

    def path(self, name, suffix):
        return os.path.join(self.directory, f"{name}.{suffix}")

    def issue(self, name, san, days=2):
        """Issues a certificate for `san`, such as "DNS:broker.example", which is valid for `days` from now on, or was until
        now if they are negative. Returns the paths of the certificate and its key."""
        files = {suffix: self.path(name, suffix) for suffix in ("key", "csr", "crt")}
        openssl("req", *KEY, "-subj", f"/CN={name}", "-addext", f"subjectAltName={san}", "-keyout", files["key"], "-out",
                files["csr"])
        openssl("x509", "-req", "-in", files["csr"], "-copy_extensions", "copy", "-CA", self.certificate, "-CAkey",
                self.path(self.name, "key"), "-CAcreateserial", "-days", str(days), "-out", files["crt"])
        return files["crt"], files["key"]


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise programs.ProgramError(f"openssl {arguments[0]}: {done.stderr}")
