"""Gets a token by the client credentials grant with DPoP, and uses it. Needs proofmint and requests.

  ISSUER=https://idp.example CLIENT_ID=broker CLIENT_SECRET=… RESOURCE=https://api.example/ SCOPE=api:read \\
    PROOFMINT_TARGET=unix:///run/proofmint/proofmintd.sock python3 client_credentials.py
"""

import json
import os
import sys

import proofmint
import requests

issuer, client_id, secret = (os.environ[name] for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"))
http = requests.Session()
http.auth = (client_id, secret)
nonces = proofmint.NonceStore()  # one for the process

discovery = http.get(f"{issuer}/.well-known/openid-configuration", timeout=10)
metadata = proofmint.parse_server_metadata(discovery.content, issuer, allow_http_on_loopback=True)
algorithm, advertised = proofmint.choose_algorithm(["ES256", "Ed25519"], metadata)
form = {"grant_type": "client_credentials", "resource": os.environ["RESOURCE"], "scope": os.environ["SCOPE"]}

with proofmint.SignerClient() as signer:  # one for the process
    exchange = proofmint.Exchange.token(
        proofmint.ExchangeOptions(issuer=issuer, client_id=client_id, url=metadata.token_endpoint, algorithm=algorithm,
                                  return_key_handle=True, binding="require"),
        form["grant_type"], nonces)
    token = proofmint.run(exchange, signer, lambda attempt: http.post(
        metadata.token_endpoint, data=form, headers=dict(attempt.headers), allow_redirects=False, timeout=10))
    context = proofmint.LogContext(issuer=issuer, client_id=client_id, grant_type=form["grant_type"])
    print(json.dumps(proofmint.log_record(context, algorithm, token)), file=sys.stderr)
    if not token.ok:
        sys.exit(1)

    # The proof for the resource has the key that the token is bound to.
    access_token = json.loads(token.body)["access_token"]
    exchange = proofmint.Exchange.resource(
        proofmint.ExchangeOptions(issuer=os.environ["RESOURCE"], client_id=client_id, url=os.environ["RESOURCE"],
                                  algorithm=algorithm, key_handle=token.key_handle),
        "GET", access_token, token.idp_token_type, nonces)
    answer = proofmint.run(exchange, signer, lambda attempt: requests.get(
        os.environ["RESOURCE"], headers=dict(attempt.headers), allow_redirects=False, timeout=10))
    print(answer.http_status, answer.body.decode())
