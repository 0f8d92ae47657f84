"""Authlib configures itself from the discovery document alone.

It gets a token with its credentials, and asks whether the token is good before
and after it revokes it. What it is answered is one line of JSON.
"""

import json
import os

from authlib.integrations.base_client import BaseApp, OAuth2Mixin
from authlib.integrations.requests_client import OAuth2Session


class App(OAuth2Mixin, BaseApp):
    client_cls = OAuth2Session


def main():
    env = os.environ
    app = App(
        None,
        client_id=env["CLIENT_ID"],
        client_secret=env["CLIENT_SECRET"],
        server_metadata_url=env["BASE_URL"] + "/.well-known/oauth-authorization-server",
    )
    server = app.load_server_metadata()
    token = app.fetch_access_token(grant_type="client_credentials", scope="orders:read")
    answers = {"issuer": server["issuer"], "scope": token["scope"]}
    with OAuth2Session(app.client_id, app.client_secret, **server) as session:

        def introspect():
            return session.introspect_token(server["introspection_endpoint"], token["access_token"]).json()

        answers["before"] = introspect()
        revoked = session.revoke_token(server["revocation_endpoint"], token["access_token"], token_type_hint="access_token")
        answers["revoked"] = revoked.status_code
        answers["after"] = introspect()
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
