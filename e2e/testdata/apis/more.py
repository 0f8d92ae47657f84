

# What the FastAPI backend of docs/backend.md has beside whoami when it is one of three APIs
# (ownapis_test.go).
import asyncio

from fastapi import Header, Request
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from graphql import GraphQLError, build_schema, graphql

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
User = Annotated[str, Depends(user_id)]


@app.get("/api/orders")
def orders(user: User, sent: Bearer):
    said = jwt.decode(sent.credentials, options={"verify_signature": False})  # user_id has verified it
    if "orders:read" not in said.get("scope", "").split():
        raise HTTPException(403, "Insufficient scope")
    return {"orders_for": user}


@app.get("/api/greeting")
def greeting(sent: Bearer):
    return {"hello": user_id(sent) if sent else "guest"}


schema = build_schema("""
    type Note { id: ID!, text: String!, author: ID! }
    type Query { note(id: ID!): Note }
    type Mutation { addNote(text: String!): Note }
""")
notes = {}


class Resolvers:
    def note(self, info, id):
        return notes.get(id)

    def addNote(self, info, text):
        if not text:
            raise GraphQLError("A note needs a text")
        note = {"id": str(len(notes) + 1), "text": text, "author": info.context}
        return notes.setdefault(note["id"], note)


@app.post("/api/graphql")
async def query(request: Request, user: User):
    sent = await request.json()
    result = await graphql(schema, sent["query"], Resolvers(), user, sent.get("variables"))
    # A query that cannot be executed has no data.
    return JSONResponse(result.formatted, 400 if result.data is None else 200, media_type="application/graphql-response+json")


spoken = asyncio.Queue()


@app.get("/api/events", response_class=EventSourceResponse)
async def events(user: User, last_event_id: Annotated[int, Header()] = 0):
    text = "welcome"
    while True:
        last_event_id += 1
        yield ServerSentEvent(raw_data=f"{text} {user}", id=str(last_event_id))
        text = await spoken.get()


@app.post("/api/events", status_code=204)
async def speak(request: Request, user: User):
    await spoken.put((await request.body()).decode())
