"""Calls every operation through the clients that openapi-python-client has generated.

The folder CLIENTS holds them: the packages bff and api. A user signs up, works and
leaves with the cookie alone; a service works with its token alone. Every answer must
have the status and the type that is expected. The operations that were called are
printed, one a line, so that the test sees which ones this program does not know.
"""

import base64
import datetime
import importlib
import json
import os
import pkgutil
import re
import sys
import time

env = os.environ
sys.path.insert(0, env["CLIENTS"])

import api  # noqa: E402
import api.models as tasks  # noqa: E402
import bff  # noqa: E402
import bff.models as accounts  # noqa: E402

PASSWORD, NEXT_PASSWORD, LAST_PASSWORD = "paper-lantern-42", "paper-lantern-43", "paper-lantern-44"


def operations(package):
    """The modules of a client's operations, by the operation's id in lower case."""
    found = pkgutil.walk_packages([os.path.join(env["CLIENTS"], package, "api")], package + ".api.")
    return {m.name.rsplit(".", 1)[1].replace("_", ""): m.name for m in found if not m.ispkg}


MODULES = {name: operations(name) for name in ("bff", "api")}


class Caller:
    """Calls a package's operations through one client, and checks the answers."""

    def __init__(self, package, client):
        self.package, self.client = package, client

    def __call__(self, operation, status, kind, *args, **kwargs):
        module = importlib.import_module(MODULES[self.package][operation.lower()])
        answer = module.sync_detailed(*args, client=self.client, **kwargs)
        print(self.package, operation)
        where = f"{operation}: got {answer.status_code} {answer.parsed!r:.300} {answer.content!r:.300}"
        assert answer.status_code == status, f"{where}, want {status}"
        assert isinstance(answer.parsed, kind), f"{where}, want a {kind.__name__}"
        return answer.parsed

    def refused(self, operation, status, kind, code, *args, **kwargs):
        got = self(operation, status, kind, *args, **kwargs)
        known = getattr(got, "code", None) or getattr(got, "error", None)
        assert known == code, f"{operation}: got {got}, want {code}"


NOTHING = type(None)


def keep_slashes(request):
    """A parameter of a path cannot have slashes in OpenAPI, and clients escape them."""
    request.url = request.url.copy_with(raw_path=request.url.raw_path.replace(b"%2F", b"/"))


def browser():
    """A client that keeps the cookie."""
    return Caller("bff", bff.Client(base_url=env["BFF"], httpx_args={"event_hooks": {"request": [keep_slashes]}}))


def mailed_token(address, what, older=None):
    """The token of the newest link in a mail to an address, if it is not an older one. Mails are sent in the background."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        complete = [name for name in os.listdir(env["MAILS"]) if name.endswith(".eml")]  # another may still be written
        for name in sorted(complete, reverse=True):
            with open(os.path.join(env["MAILS"], name), encoding="utf-8") as f:
                text = f.read().replace("=\n", "").replace("=3D", "=")
            link = re.search(r"/api/auth/" + what + r"(?:/|\?token=)([\w-]+)", text)
            if f"<{address}>" in text and link:
                if link.group(1) != older:
                    return link.group(1)
                break
        time.sleep(0.02)
    raise AssertionError(f"no mail to {address} with a link to {what}")


def account(call):
    """An account from its sign-up on, until its password is changed. It returns a token of the user."""
    email = "ada@example.com"
    call.refused("signup", 400, accounts.SignupResponse400, "PASSWORD_TOO_SHORT", body=accounts.SignUp(email=email, password="x"))
    user = call("signUpEmail", 200, accounts.SignedUp, body=accounts.SignUp(email=email, password=PASSWORD, name="Ada")).user
    assert call("getSession", 200, accounts.Current).user.id == user.id
    now = call("session", 200, accounts.CurrentEnds, peek=True)
    assert now.user.id == user.id and now.expires_at < now.max_expires_at
    assert browser()("session", 200, NOTHING) is None
    assert [s.user_id for s in call("listSessions", 200, list)] == [user.id]
    assert [a.user_id for a in call("listAccounts", 200, list)] == [user.id]
    call("updateUser", 200, accounts.Status, body=accounts.UpdateUser(name="Ada L."))
    assert call("session", 200, accounts.CurrentEnds).user.name == "Ada L."
    call("verifyPassword", 200, accounts.Status, body=accounts.VerifyPassword(password=PASSWORD))
    call.refused("changePassword", 400, accounts.ChangePasswordResponse400, "INVALID_PASSWORD",
                 body=accounts.ChangePassword(current_password="wrong", new_password=NEXT_PASSWORD))
    call("changePassword", 200, accounts.SignedUp, body=accounts.ChangePassword(current_password=PASSWORD, new_password=NEXT_PASSWORD))
    return user.id, call("getToken", 200, accounts.Token).token


def mails(call):
    """What is done by links in mails. An undone change of address ends all sessions."""
    email, other = "ada@example.com", "countess@example.com"
    call("sendVerificationEmail", 200, accounts.Status, body=accounts.SendVerificationEmail(email=email))
    assert call("verifyEmail", 200, accounts.Verified, token=mailed_token(email, "verify-email")).status
    call("changeEmail", 200, accounts.Status, body=accounts.ChangeEmail(new_email=other))
    stranger, token = browser(), mailed_token(other, "verify-email")
    stranger.refused("verifyEmail", 403, accounts.VerifyEmailResponse403, "PASSWORD_REQUIRED", token=token)
    proven = stranger("proveEmail", 200, accounts.Verified, body=accounts.ProveEmail(token=token, password=NEXT_PASSWORD))
    assert proven.user.email == other
    token = mailed_token(email, "undo-email")
    assert "<form" in call("askUndoEmail", 200, str, token=token)
    call("undoEmail", 200, accounts.Status, body=accounts.UndoEmail(token=token))
    call.refused("listSessions", 401, accounts.SignedOut, "UNAUTHORIZED")
    older = mailed_token(email, "reset-password")  # from the undoing
    call("requestPasswordReset", 200, accounts.StatusMessage, body=accounts.RequestPasswordReset(email=email))
    token = mailed_token(email, "reset-password", older)
    call("followResetLink", 302, NOTHING, token, callback_url="/new-password")
    call("resetPassword", 200, accounts.Status, body=accounts.ResetPassword(new_password=LAST_PASSWORD, token=token))
    assert "INVALID_TOKEN" in call("showError", 200, str, error="INVALID_TOKEN")
    assert call("getLinkFile", 200, str, "page.css")


def sessions(call):
    """Signing in and out. Another browser of the user loses its session in each way."""
    body = accounts.SignIn(email="ada@example.com", password=LAST_PASSWORD)
    wrong = accounts.SignIn(email="ada@example.com", password=PASSWORD)
    call.refused("login", 401, accounts.LoginResponse401, "INVALID_EMAIL_OR_PASSWORD", body=wrong)
    call("login", 200, accounts.SignedIn, body=body)
    other = browser()
    other("signInEmail", 200, accounts.SignedIn, body=body)
    handle = other("session", 200, accounts.CurrentEnds).session.token
    call("revokeSession", 200, accounts.Status, body=accounts.RevokeSession(token=handle))
    other.refused("listSessions", 401, accounts.SignedOut, "UNAUTHORIZED")
    for operation, keeps in (("revokeOtherSessions", True), ("revokeSessions", False)):
        call("login", 200, accounts.SignedIn, body=body)
        call(operation, 200, accounts.Status, body=accounts.Nothing())
        assert (call("session", 200, object if keeps else NOTHING) is not None) == keeps
    for operation in ("logout", "signOut"):
        call("login", 200, accounts.SignedIn, body=body)
        call(operation, 200, accounts.Success, body=accounts.Nothing())
        assert call("session", 200, NOTHING) is None
    call("login", 200, accounts.SignedIn, body=body)


def proxied(call):
    """The user's tasks through the proxy, whose answers may be anything: the client gives bytes."""

    def sent(operation, status, path, body=None):
        kind = getattr(accounts, operation[0].upper() + operation[1:] + "JsonBody", None)
        more = {} if body is None else {"body": kind.from_dict(body)}
        return json.load(call(operation, status, bff.types.File, path, **more).payload)

    task = tasks.Task.from_dict(sent("proxyPost", 201, "me/tasks", {"title": "Water the plants"}))
    path = f"me/tasks/{task.id}"
    assert [t["id"] for t in sent("proxyGet", 200, "me/tasks")] == [task.id]
    assert sent("proxyGet", 200, path)["title"] == "Water the plants"
    assert sent("proxyPut", 200, path, {"title": "Buy milk"})["title"] == "Buy milk"
    assert sent("proxyPatch", 200, path + "/complete")["completed"] is True
    upload = bff.types.File(payload=iter([b"{}"]))
    assert call("proxyPost", 415, bff.types.File, "me/tasks", body=upload)
    assert sent("proxyDelete", 200, path)["success"] is True
    assert sent("proxyGet", 404, path)["detail"] == "Task not found"
    # The API's own 403 is not one of the BFF's refusals.
    assert call("proxyGet", 403, dict, "usr_else/tasks")["detail"] == "Access denied: user_id mismatch"
    browser().refused("proxyGet", 401, accounts.ProxyUnauthorized, "NO_SESSION", "me/tasks")


def service(user_id, user_token):
    """A service with its credentials, in the form and as HTTP Basic. It returns its token."""
    form = browser()
    grant = accounts.TokenRequestGrantType.CLIENT_CREDENTIALS
    named = {"client_id": env["CLIENT_ID"], "client_secret": env["CLIENT_SECRET"]}
    form.refused("issueToken", 401, accounts.ClientUnauthorized, "invalid_client",
                 body=accounts.TokenRequest(grant_type=grant, client_id=env["CLIENT_ID"], client_secret="wrong"))
    form.refused("issueToken", 400, accounts.IssueTokenResponse400, "invalid_scope",
                 body=accounts.TokenRequest(grant_type=grant, scope="orders:read", **named))
    credentials = base64.b64encode(f"{env['CLIENT_ID']}:{env['CLIENT_SECRET']}".encode()).decode()
    basic = Caller("bff", bff.AuthenticatedClient(base_url=env["BFF"], token=credentials, prefix="Basic"))
    first = basic("issueToken", 200, accounts.TokenResponse, body=accounts.TokenRequest(grant_type=grant)).access_token
    asked = accounts.PresentedToken(token=first)
    assert basic("introspectToken", 200, accounts.Introspection, body=asked).sub == env["CLIENT_ID"]
    basic("revokeToken", 200, NOTHING, body=asked)
    assert not basic("introspectToken", 200, accounts.Introspection, body=asked).active
    bearer = Caller("bff", bff.AuthenticatedClient(base_url=env["BFF"], token=user_token))
    assert bearer("userInfo", 200, accounts.UserInfo).sub == user_id
    form.refused("userInfo", 401, accounts.UserInfoResponse401, "invalid_request")
    return form("issueToken", 200, accounts.TokenResponse, body=accounts.TokenRequest(grant_type=grant, **named)).access_token


def api_tasks(user_id, token):
    """The service works on the user's tasks at the API itself."""
    call = Caller("api", api.AuthenticatedClient(base_url=env["API"], token=token))
    task = call("createTask", 201, tasks.Task, user_id, body=tasks.NewTask(title="Imported", description=None))
    assert task.user_id == user_id and task.created_at.tzinfo
    assert [t.id for t in call("fetchTasks", 200, list, user_id, completed=False, sort=tasks.FetchTasksSort.CREATED_AT_DESCENDING)] == [task.id]
    assert call("getTask", 200, tasks.Task, user_id, task.id) == task
    assert call("updateTask", 200, tasks.Task, user_id, task.id, body=tasks.TaskChange(title="Kept")).title == "Kept"
    assert call("patchTask", 200, tasks.Task, user_id, task.id, body=tasks.TaskChange(description="new")).description == "new"
    assert not task.due_on and not task.position
    day = datetime.date(2026, 2, 14)
    moved = call("patchTask", 200, tasks.Task, user_id, task.id, body=tasks.TaskChange(due_on=day, position="5c8"))
    assert (moved.due_on, moved.position) == (day, "5c8")
    assert call("fetchTasks", 200, list, user_id, due_from=day, due_to=day, sort=tasks.FetchTasksSort.DUE_ON_DESCENDING) == [moved]
    assert call("fetchTasks", 200, list, user_id, has_due=False, sort=tasks.FetchTasksSort.POSITION) == []
    assert not call("patchTask", 200, tasks.Task, user_id, task.id, body=tasks.TaskChange(due_on=None)).due_on
    assert call("toggleTask", 200, tasks.Task, user_id, task.id).completed is True
    # A generated function reads the whole answer, and a stream has no end.
    watch = importlib.import_module(MODULES["api"]["watchtasks"])
    with call.client.get_httpx_client().stream(**watch._get_kwargs(user_id)) as stream:
        assert next(stream.iter_lines()).startswith("retry:")
    call("watchTasks", 422, tasks.Problem, user_id, last_event_id_query="x")
    assert call("deleteTask", 200, tasks.Deleted, user_id, task.id).success
    assert call("getTask", 404, tasks.Problem, user_id, task.id).detail == "Task not found"
    assert call("createTask", 422, tasks.Problem, user_id, body=tasks.NewTask(title="")).errors[0].field == "title"
    nobody = Caller("api", api.Client(base_url=env["API"]))
    assert nobody("fetchTasks", 401, tasks.Problem, user_id).detail == "Not authenticated"
    assert nobody("getRoot", 200, tasks.Message).message


def about():
    """What is there for everybody."""
    visitor = browser()
    assert visitor("ok", 200, accounts.Ok).ok
    for operation in ("jwks", "getKeys"):
        assert visitor(operation, 200, accounts.Jwks).keys == []  # HS256
    assert visitor("getMetadata", 200, accounts.Metadata).token_endpoint.endswith("/oauth2/token")
    visitor("changePasswordPage", 302, NOTHING)
    assert b"<html" in visitor("getApp", 200, bff.types.File, "tasks").payload.read()
    for call, models in ((visitor, accounts), (Caller("api", api.Client(base_url=env["API"])), tasks)):
        assert call("getOpenAPI", 200, models.Document).openapi == "3.1.1"
        assert "<html" in call("getDocs", 200, str)
        assert call("getDocsFile", 200, str, "swagger-ui.css")


def main():
    user = browser()
    user_id, token = account(user)
    api_tasks(user_id, service(user_id, token))
    mails(user)
    sessions(user)
    proxied(user)
    about()
    user("deleteUser", 200, accounts.SuccessMessage, body=accounts.DeleteUser(password=LAST_PASSWORD))


if __name__ == "__main__":
    main()
