"""Plays a user's browser and an OAuth broker, for tests."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlsplit

import requests

from proofmint import Exchange, ExchangeOptions, parse_server_metadata

MAX_REDIRECTS = 10


class Broker:
    """Broker is a client of the identity provider. Its methods make exchanges, and what sends them."""

    def __init__(self, idp, client, nonces):
        self.client = client
        self.nonces = nonces
        answer = requests.get(f"{idp.issuer}/.well-known/openid-configuration", timeout=10)
        self.metadata = parse_server_metadata(answer.content, idp.issuer, allow_http_on_loopback=True)

    def options(self, url, **members):
        return ExchangeOptions(issuer=self.metadata.issuer, client_id=self.client["client_id"], url=url, **members)

    def token(self, grant_type, **members):
        return Exchange.token(self.options(self.metadata.token_endpoint, **members), grant_type, self.nonces)

    def userinfo(self, access_token, token_type="DPoP", **members):
        options = self.options(self.metadata.userinfo_endpoint, **members)
        return Exchange.resource(options, "GET", access_token, token_type, self.nonces)

    def form(self, grant_type, **parameters):
        form = {"grant_type": grant_type, **parameters}
        return form if "client_secret" in self.client else {**form, "client_id": self.client["client_id"]}

    @property
    def auth(self):
        return (self.client["client_id"], self.client["client_secret"]) if "client_secret" in self.client else None

    def send(self, grant_type, **parameters):
        """Returns the function that makes the token request."""
        form = self.form(grant_type, **parameters)
        return lambda attempt: requests.post(self.metadata.token_endpoint, data=form, auth=self.auth, timeout=10,
                                             headers=dict(attempt.headers), allow_redirects=False)

    def get_userinfo(self, attempt):
        return requests.get(self.metadata.userinfo_endpoint, headers=dict(attempt.headers), timeout=10,
                            allow_redirects=False)

    def authorize(self, **parameters):
        """Logs a user in, with PKCE (RFC 7636). Returns the parameters of the token request."""
        redirect_uri = self.client["redirect_uris"][0]
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        browser = requests.Session()
        answer = browser.get(self.metadata.authorization_endpoint, allow_redirects=False, timeout=10, params={
            "response_type": "code", "client_id": self.client["client_id"], "redirect_uri": redirect_uri,
            "scope": "openid", "code_challenge": challenge, "code_challenge_method": "S256", **parameters})
        for _ in range(MAX_REDIRECTS):
            location = answer.headers["Location"]
            if location.startswith(redirect_uri):
                code = parse_qs(urlsplit(location).query)["code"][0]
                return {"code": code, "code_verifier": verifier, "redirect_uri": redirect_uri}
            answer = browser.get(requests.compat.urljoin(answer.url, location), allow_redirects=False, timeout=10)
        raise AssertionError(f"more than {MAX_REDIRECTS} redirects")
