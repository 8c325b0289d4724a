"""Runs the sections of exchange_cases.json about headers, metadata and the choice of the algorithm."""

import json

import pytest

from case_file import Fields, with_fields
from proofmint import (AlgorithmError, HttpAnswer, MetadataCache, MetadataError, ServerMetadata, choose_algorithm,
                       fresh_for, parse_server_metadata, with_mtls_aliases)
from proofmint.exchange.challenge import parse_challenges
from proofmint.exchange.http_answer import read_nonce
from proofmint.exchange.metadata import ENDPOINTS

ISSUER = "https://idp.example"


@with_fields("challenges")
def test_challenge(fields):
    got = parse_challenges(HttpAnswer(
        401, [("www-authenticate", value) for value in fields.get("www_authenticate", kind=list)], b"", 0, 0,
    ).all("WWW-Authenticate"))
    wanted = fields.get("challenges", kind=list)
    assert len(got) == len(wanted)
    for challenge, value in zip(got, wanted):
        want = Fields(value, "challenge")
        assert challenge.scheme == want.get("scheme")
        assert challenge.token68 == want.get("token68", "")
        assert challenge.parameters == want.get("parameters", {})
        want.done()


@with_fields("nonces")
def test_nonce(fields):
    nonce = read_nonce(HttpAnswer(200, fields.pairs("headers"), b"", 0, 0))
    assert nonce.value == fields.get("nonce", "")
    assert nonce.malformed == fields.get("malformed", False)
    assert nonce.ambiguous == fields.get("ambiguous", False)


def algorithms(fields, name):
    names = fields.get(name, None, list)
    return None if names is None else tuple(names)


@with_fields("algorithm_choice")
def test_algorithm_choice(fields):
    metadata = ServerMetadata(ISSUER, dpop_signing_alg_values_supported=algorithms(fields, "published"))
    arguments = (fields.get("wanted", kind=list), metadata)
    options = {"if_not_advertised": fields.get("if_not_advertised", "try_first"),
               "exact_label": fields.get("exact_label", False)}
    if "error" in fields:
        kind = {"FAILED_PRECONDITION": AlgorithmError, "INVALID_ARGUMENT": ValueError}[fields.get("code")]
        with pytest.raises(kind) as caught:
            choose_algorithm(*arguments, **options)
        assert str(caught.value) == fields.get("error")
    else:
        choice = choose_algorithm(*arguments, **options)
        assert choice == (fields.get("algorithm"), fields.get("advertised", True))


def endpoints_of(metadata):
    return {name: getattr(metadata, name) for name in ENDPOINTS if getattr(metadata, name)}


@with_fields("server_metadata")
def test_server_metadata(fields):
    text = fields.get("text") if "text" in fields else json.dumps(fields.get("metadata"), ensure_ascii=False)
    transport = fields.get("transport", "tls")
    assert transport in ("tls", "tls_or_loopback")
    arguments = (text.encode(), fields.get("issuer", ISSUER), transport == "tls_or_loopback")
    if "error" in fields:
        with pytest.raises(MetadataError) as caught:
            parse_server_metadata(*arguments)
        assert str(caught.value) == fields.get("error")
        return
    metadata = parse_server_metadata(*arguments)
    endpoints = fields.get("endpoints", kind=dict)
    assert endpoints_of(metadata) == endpoints
    assert endpoints_of(with_mtls_aliases(metadata)) == fields.get("mtls_endpoints", endpoints)
    assert metadata.dpop_signing_alg_values_supported == algorithms(fields, "algorithms")


def run_step(cache, step):
    if step.get("doubt", False):
        cache.doubt()
        return
    now = step.get("at_s", kind=int)
    if step.get("fetch_failed", False):
        cache.on_fetch_failed(now)
    elif "should_fetch" in step:
        assert cache.should_fetch(now) == step.get("should_fetch", kind=bool)
    else:
        metadata = ServerMetadata(ISSUER, dpop_signing_alg_values_supported=algorithms(step, "algorithms"))
        assert cache.store(metadata, step.get("store", kind=str), now) == step.get("change", "")


@with_fields("freshness")
def test_freshness(fields):
    if "cache_control" in fields:
        assert fresh_for(fields.get("cache_control")) == fields.get("fresh_for_s", kind=int)
        return
    cache = MetadataCache()
    for value in fields.get("steps", kind=list):
        step = Fields(value, str(value))
        run_step(cache, step)
        step.done()
