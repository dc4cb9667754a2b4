"""A small HTTP server that speaks as OpenAI and Ollama do, and fails on demand."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from engram_core.testing import chat, endpoints
from engram_core.testing.chat import Answer
from engram_core.testing.endpoints import Json

#: Answers a request's JSON body; raises `KeyError` or `TypeError` where a field is missing or wrong.
Endpoint = Callable[[Json], Json]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the server got it."""

    path: str
    headers: Mapping[str, str]
    body: Json


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to one answer.

    Attributes:
        status: Answer with this status and an error body instead.
        headers: Added to the answer, such as `{"Retry-After": "1"}`.
        delay: Seconds to wait before answering; ended early when the server stops.
        raw: Answer with these bytes instead of the real body.
        cut: Promise the whole body and break off half-way.
        change: Turns the real body into the one that is sent.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    raw: bytes | None = None
    cut: bool = False
    change: Callable[[Json], Json] | None = None

    @classmethod
    def rate_limit(cls, retry_after: float = 0) -> Fault:
        """Ask the client to slow down (429)."""
        return cls(status=429, headers={"Retry-After": f"{retry_after:g}"})

    @classmethod
    def server_error(cls) -> Fault:
        """Fail (500)."""
        return cls(status=500)

    @classmethod
    def timeout(cls, seconds: float = 60) -> Fault:
        """Answer later than the client waits."""
        return cls(delay=seconds)

    @classmethod
    def cut_body(cls) -> Fault:
        """Close the connection in the middle of the answer."""
        return cls(cut=True)

    @classmethod
    def invalid_json(cls) -> Fault:
        """Answer something that is not JSON."""
        return cls(raw=b'{"data": [')

    @classmethod
    def says(cls, content: str, reason: str = "stop") -> Fault:
        """Answer a chat with this text; reason `length` is an answer that was cut off by the model."""
        return cls(change=lambda body: chat.with_content(body, content, reason))

    @classmethod
    def garbled(cls, change: Callable[[str], str]) -> Fault:
        """Answer a chat with what a function makes of the right text."""
        return cls(change=lambda body: chat.with_content(body, change(chat.content_of(body))))

    @classmethod
    def wrong_dimension(cls, dimension: int = 3) -> Fault:
        """Answer embeddings of another length."""
        return cls(change=lambda body: endpoints.with_vectors(body, [1.0] * dimension))

    @classmethod
    def not_a_number(cls) -> Fault:
        """Answer embeddings that hold NaN."""
        return cls(change=lambda body: endpoints.with_vectors(body, None))


class _Http(ThreadingHTTPServer):
    """Lets many clients in at once: with the few places of the default, some are turned away on a busy machine."""

    request_queue_size = 128
    daemon_threads = True


class ScriptedServer:
    """Serves the embeddings and chats of OpenAI (`/v1/…`) and of Ollama (`/api/…`) on a free local port, in a thread.

    ```python
    with ScriptedServer(dimension=8) as server:
        server.fail(Fault.rate_limit(), times=2)
        embedder = OpenAIEmbedder("any-model", api_key="test", base_url=server.openai_url)
    ```

    Vectors are those of `FakeEmbedder(dimension)`, scaled to a length other than one, as some providers do. A model
    whose name starts with `missing` is answered with 404, an OpenAI key `wrong` with 401. More paths are served by
    adding to `endpoints`.

    Attributes:
        endpoints: What answers each path.
        requests: Every request so far, oldest first.
    """

    def __init__(self, dimension: int = 8, *, answer: Answer = chat.nothing) -> None:
        """Make the server; `start` it, or use it as a context manager.

        Args:
            dimension: Of the vectors.
            answer: Makes the text of each chat's answer from its messages and its JSON Schema.
        """
        self.endpoints: dict[str, Endpoint] = {**endpoints.embeddings(dimension), **chat.chats(answer)}
        self.requests: list[Request] = []
        self._faults: deque[Fault] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is served; what Ollama calls the host."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.url}/v1"

    def fail(self, fault: Fault, times: int = 1) -> None:
        """Do this to the next answers; several calls queue up."""
        with self._lock:
            self._faults.extend([fault] * times)

    def start(self) -> ScriptedServer:
        """Begin to serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving, answers under way included."""
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> ScriptedServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def take(self, request: Request) -> Fault:
        """Note a request and return what is to be done to its answer."""
        with self._lock:
            self.requests.append(request)
            return self._faults.popleft() if self._faults else Fault()

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than the server runs."""
        self._stopping.wait(seconds)

    def answer(self, request: Request) -> tuple[int, Json]:
        """Compute the status and the body of an answer without a fault."""
        if request.headers.get("authorization") == "Bearer wrong":
            return 401, endpoints.error("Incorrect API key provided")
        endpoint = self.endpoints.get(request.path)
        if endpoint is None or str(request.body.get("model", "")).startswith("missing"):
            return 404, endpoints.error("model not found")
        try:
            return 200, endpoint(request.body)
        except (KeyError, TypeError) as exc:
            return 400, endpoints.error(f"bad request: {exc!r}")


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.path, headers, json.loads(self.rfile.read(size)))
            fault = server.take(request)
            server.wait(fault.delay)
            status, body = server.answer(request)
            if fault.status != 200:
                status, body = fault.status, endpoints.error(f"scripted status {fault.status}")
            elif fault.change is not None:
                body = fault.change(body)
            self._send(status, fault, fault.raw if fault.raw is not None else json.dumps(body).encode())

        def _send(self, status: int, fault: Fault, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in fault.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault.cut else body)
            self.close_connection = fault.cut

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: requests are in `ScriptedServer.requests`."""

        def handle(self) -> None:
            # A client that gave up waiting has closed its end: nobody is left to tell.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                super().handle()

    return Handler
