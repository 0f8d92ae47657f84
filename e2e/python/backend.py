"""A backend as the quickstart describes it, which trusts nothing but JWTs.

get_current_user_id and verify_user_id_match are the quickstart's, with the
standard library's HTTP server in FastAPI's place. Verification is PyJWT's: with
the shared secret, or with JWKS_URL by its own JWKS client.
"""

import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

SECRET_KEY = os.getenv("BETTER_AUTH_SECRET")
JWKS_URL = os.getenv("JWKS_URL")
ALGORITHM = os.getenv("ALGORITHM", "HS256")
ISSUER = "better-auth"
AUDIENCE = "fastapi-backend"

jwks_client = jwt.PyJWKClient(JWKS_URL) if JWKS_URL else None


class HTTPException(Exception):
    def __init__(self, status_code, detail, headers=None):
        self.status_code, self.detail, self.headers = status_code, detail, headers or {}


def unauthorized(detail):
    return HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})


def get_current_user_id(token):
    try:
        key = jwks_client.get_signing_key_from_jwt(token).key if jwks_client else SECRET_KEY
        payload = jwt.decode(token, key, algorithms=[ALGORITHM], issuer=ISSUER, audience=AUDIENCE)
        user_id = payload.get("sub")
        if user_id is None:
            raise unauthorized("Invalid authentication credentials")
        return user_id
    except jwt.ExpiredSignatureError:
        raise unauthorized("Token has expired")
    except (jwt.InvalidTokenError, jwt.PyJWKClientError):
        raise unauthorized("Invalid token")


def verify_user_id_match(user_id, current_user_id):
    if user_id != current_user_id:
        raise HTTPException(403, "Access denied: user_id mismatch")
    return user_id


class Backend(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            scheme, _, token = self.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or not token:
                raise unauthorized("Not authenticated")
            path = re.fullmatch(r"/api/([^/]+)/tasks", self.path)
            if path is None:
                raise HTTPException(404, "Not Found")
            user_id = verify_user_id_match(path[1], get_current_user_id(token))
            self.answer(200, [{"id": 1, "user_id": user_id, "title": "from Python"}])
        except HTTPException as e:
            self.answer(e.status_code, {"detail": e.detail}, e.headers)

    def answer(self, status, body, headers=None):
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    host, port = sys.argv[1].split(":")
    ThreadingHTTPServer((host, int(port)), Backend).serve_forever()
