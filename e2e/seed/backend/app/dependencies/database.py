import os

from sqlmodel import Session, SQLModel, create_engine

from app.models.task import Task  # noqa: F401: create_all needs it

engine = create_engine(os.environ["DATABASE_URL"])
SQLModel.metadata.create_all(engine)


def get_session():
    with Session(engine) as session:
        yield session
