"""Runs a real browser without a window."""

import subprocess
import tempfile

BROWSER = ["chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
           "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def browse(file, *flags):
    """Opens a file in a new browser; returns the browser's output: the page's elements, with --dump-dom."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        return subprocess.run([*BROWSER, f"--user-data-dir={profile}", *flags, f"file://{file}"], capture_output=True, text=True,
                              timeout=120, check=True).stdout
