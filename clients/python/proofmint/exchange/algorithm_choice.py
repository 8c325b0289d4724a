"""Chooses the algorithm of a connection's proofs (RFC 9449 section 5.1)."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from ..signer.proof import ALGORITHMS
from .metadata import ServerMetadata
from .text import printable

# Two labels of the same key and signature: of RFC 9864 and of RFC 8037.
_OTHER_LABEL = {"Ed25519": "EdDSA", "EdDSA": "Ed25519"}


class AlgorithmError(Exception):
    """AlgorithmError says that the provider and the broker have no algorithm in common."""


class AlgorithmChoice(NamedTuple):
    """AlgorithmChoice is the label to send and to log."""

    algorithm: str
    advertised: bool  # False: warn, the provider may not support DPoP


def choose_algorithm(wanted: Sequence[str], metadata: ServerMetadata, *, if_not_advertised: str = "try_first",
                     exact_label: bool = False) -> AlgorithmChoice:
    """Returns the first algorithm of `wanted` that the provider publishes.

    An Ed25519 key may go under its other label unless `exact_label` is set. If the provider publishes no list,
    `if_not_advertised` decides: "try_first" takes the first wish, "refuse" fails. Raises AlgorithmError, naming both
    lists, if none fits: going on without DPoP must be a decision.
    """
    unknown = [name for name in wanted if name not in ALGORITHMS]
    if unknown or not wanted:
        raise ValueError(f"wanted: got {unknown[0]!r}, want {', '.join(ALGORITHMS)}" if unknown
                         else "wanted: no algorithm given")
    if if_not_advertised not in ("try_first", "refuse"):
        raise ValueError(f"if_not_advertised: got {if_not_advertised!r}, want 'try_first' or 'refuse'")
    published = metadata.dpop_signing_alg_values_supported
    want = f"want one of {' '.join(wanted)}"
    if published is None:
        if if_not_advertised == "try_first":
            return AlgorithmChoice(wanted[0], False)
        raise AlgorithmError(
            f"idp publishes no dpop_signing_alg_values_supported and may not support DPoP, {want}")
    for algorithm in wanted:
        if algorithm in published:
            return AlgorithmChoice(algorithm, True)
        other = _OTHER_LABEL.get(algorithm)
        if other in published and other is not None and not exact_label:
            return AlgorithmChoice(other, True)
    message = f"idp takes {printable(' '.join(published)) if published else 'none'}, {want}"
    possible = [algorithm for algorithm in ALGORITHMS if algorithm in published]
    if possible:
        message += f"; the signer can also sign {' '.join(possible)}"
    raise AlgorithmError(message)
