from sqlmodel import SQLModel


class TaskCreate(SQLModel):
    title: str
    description: str | None = None


class TaskResponse(TaskCreate):
    id: int
    user_id: str
    completed: bool
