"""An internal service that reads tasks of several users.

It needs the standard library alone: it obtains a token by its client
credentials (RFC 6749 §4.4, HTTP Basic) and calls the task API with it. What it
is answered is one line of JSON for each call.
"""

import base64
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request


def call(request):
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


def obtain_token(url, client_id, client_secret, scope):
    form = {"grant_type": "client_credentials"}
    if scope:
        form["scope"] = scope
    request = urllib.request.Request(url, data=urllib.parse.urlencode(form).encode())
    credentials = urllib.parse.quote(client_id, "") + ":" + urllib.parse.quote(client_secret, "")
    request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
    return call(request)


def main():
    env = os.environ
    status, answer = obtain_token(env["TOKEN_URL"], env["CLIENT_ID"], env["CLIENT_SECRET"], env.get("SCOPE"))
    print(json.dumps({"status": status, "body": {k: v for k, v in answer.items() if k != "access_token"}}))
    if status != 200:
        return
    for user_id in sys.argv[1:]:
        request = urllib.request.Request(env["API_URL"] + "/api/" + urllib.parse.quote(user_id, "") + "/tasks")
        request.add_header("Authorization", "Bearer " + answer["access_token"])
        status, tasks = call(request)
        print(json.dumps({"status": status, "body": tasks}))


if __name__ == "__main__":
    main()
