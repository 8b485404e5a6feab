"""The HTTP interface, of which the page is the first user: jobs by POST, GET and DELETE (docs/serve.md)."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, Field, create_model

from tempose.animation.demo import SAMPLES
from tempose.body.motions import MOTIONS
from tempose.core.errors import InputError, TemposeError
from tempose.core.settings import Entry
from tempose.people import anatomy
from tempose.people.choose import CLOTHES, EXTRAS, HAIR, PLACE
from tempose.web.gallery import Gallery, Gone, Piece
from tempose.web.guard import VISITOR
from tempose.web.jobs import Busy, Desk, Job
from tempose.web.limits import no_picture
from tempose.web.pictures import as_jpeg
from tempose.web.request import DRESSING, EXAMPLES, OFFERED, AnimateRequest, DressRequest
from tempose.web.studio import FORMS, Finished, Studio
from tempose.web.uploads import Files

PAGE = Path(__file__).parent / "page"

# The kinds of job that a gallery shows.
SHOWN = ("animate", "dress")

# Seconds for which the answer to a DELETE waits for the machine to be free.
FREED = 5.0


class File(BaseModel):
    """A file, by exactly one of its three names; `orig_name` is what its owner calls it."""

    path: str | None = Field(None, description="As the answer to its upload (POST /gradio_api/upload) gave it.")
    job: str | None = Field(None, description="What an earlier job has made, by its id.")
    example: str | None = Field(None, description=f"A photo that comes with tempose: {', '.join(EXAMPLES)}.")
    orig_name: str | None = None


def model_of(name: str, entries: tuple[Entry, ...]) -> type[BaseModel]:
    """Settings as the description of the interface shows them: those of the command line, with its help."""
    fields = {each.name: (each.field.annotation, Field(each.default, description=each.help)) for each in entries}
    return create_model(name, **fields)  # type: ignore[call-overload]


class Animate(BaseModel):
    """A photo and a motion."""

    photo: File | list[File] = Field(description="Or several of the same person, such as front and back.")
    motion: str | File | list[File] = Field(
        MOTIONS[0], description=f"One of {', '.join(MOTIONS)}; a video, .npz, .json, .bvh; or files, one a frame."
    )
    settings: model_of("AnimateSettings", OFFERED) | None = None  # type: ignore[valid-type]
    background_file: File | None = Field(None, description="A picture that stands behind, instead of the setting.")
    mask: File | None = Field(None, description="A picture of the photo's size, white on the person.")


class Dress(BaseModel):
    """Who is to wear it, and who wears it now."""

    photo: File
    style: File
    settings: model_of("DressSettings", DRESSING) | None = None  # type: ignore[valid-type]


class State(BaseModel):
    """How far a job is, and what it has made."""

    id: str = Field(description="Who knows it may see, stop and delete the job.")
    kind: str
    title: str
    state: str = Field(description="waiting, running, done, failed or stopped.")
    made: float = Field(description="When it was asked for, in seconds since 1970.")
    expires: float = Field(description="When it is removed.")
    part: str = Field(description="What it is doing.")
    done: int
    total: int | None
    ahead: int = Field(description="Jobs that come before it, while it waits.")
    rate: float | None = Field(description="How much of the part a second.")
    seconds_left: float | None
    pictures: int = Field(description="Frames that `preview` has shown so far.")
    error: str | None
    files: list[str] = Field(description="What can be fetched at /api/jobs/ID/files/NAME, the result first.")
    result: dict[str, Any] | None


def add_api(app: FastAPI, studio: Studio, gallery: Gallery) -> None:
    """Add the routes of the interface and of the page to an application behind the guard."""
    api = APIRouter(prefix="/api")

    def files_of(request: Request) -> Files:
        visitor = request.scope[VISITOR]
        return Files(studio.uploads, visitor, lambda token: made(gallery.get(token, visitor)).main)

    def begin(request: Request, desk: Desk, work: Callable[[Job], Any], kind: str, title: str) -> State:
        return state(gallery.add(desk, work, kind=kind, title=title, visitor=request.scope[VISITOR]), gallery)

    def piece(request: Request, id: str) -> Piece:
        return gallery.get(id, request.scope[VISITOR])

    def add(path: str, model: type[BaseModel], summary: str, begun: Callable[[Request, dict[str, Any]], State]) -> None:
        """A route that begins a job; what it is sent is checked by the request itself, in its own words."""

        def post(request: Request, body: Annotated[dict[str, Any], Body()]) -> State:
            return begun(request, body)

        schema = {"requestBody": {"content": {"application/json": {"schema": model.model_json_schema()}}}}
        api.post(path, status_code=201, summary=summary, openapi_extra=schema, name=path.strip("/"))(post)

    def animate(request: Request, body: dict[str, Any]) -> State:
        asked = AnimateRequest.of(body, limits=studio.limits, files=files_of(request))
        return begin(request, studio.desk, lambda job: studio.make(asked, job), "animate", asked.name)

    def look(request: Request, body: dict[str, Any]) -> State:
        asked = AnimateRequest.of(body, limits=studio.limits, files=files_of(request))
        return begin(request, studio.looks, lambda job: studio.look(asked, job), "look", asked.name)

    def dress(request: Request, body: dict[str, Any]) -> State:
        asked = DressRequest.of(body, limits=studio.limits, files=files_of(request))
        return begin(request, studio.desk, lambda job: studio.dressed(asked, job), "dress", asked.name)

    def draw(request: Request, body: dict[str, Any]) -> State:
        return begin(request, studio.looks, lambda job: studio.drawn(body, job), "draw", "person")

    choices = {"hair": HAIR, "clothes": CLOTHES, "extra": EXTRAS, "place": PLACE}
    people: Any = {name: (str, Field("any", description=", ".join(known))) for name, known in choices.items()}
    add("/jobs", Animate, "Animate the person of a photo", animate)
    add("/looks", Animate, "What is found in a photo and a motion, before anything long runs", look)
    add("/dress", Dress, "Put the clothes of one picture on the person of another", dress)
    add("/people", create_model("Person", seed=(int, 0), **people), "Draw a person who does not exist", draw)

    @api.get("/jobs", summary="This browser's results, the latest first; it is known by its cookie")
    def jobs(request: Request) -> list[State]:
        return [state(each, gallery) for each in gallery.of(request.scope[VISITOR], kinds=SHOWN)]

    @api.get("/jobs/{id}", summary="How far a job is, and what it has made")
    def job(request: Request, id: str) -> State:
        return state(piece(request, id), gallery)

    @api.delete("/jobs/{id}", summary="Stop a job, and delete what it made")
    def delete(request: Request, id: str) -> dict[str, float | None]:
        gone = piece(request, id)
        gallery.remove(gone)
        gone.job.finished.wait(FREED)
        return {"freed_after": gone.job.freed_after}

    @api.get("/jobs/{id}/preview", summary="The latest frame, at its full size, as JPEG", response_class=Response)
    def preview(request: Request, id: str) -> Response:
        picture = piece(request, id).job.picture
        if picture is None:
            raise Gone("there is no frame yet")
        return Response(as_jpeg(picture), media_type="image/jpeg", headers={"cache-control": "no-store"})

    @api.get("/jobs/{id}/files/{name}", summary="A file of a result; a video also as .gif, .webp and side by side")
    def file(request: Request, id: str, name: str) -> FileResponse:
        here = piece(request, id)
        path = here.files.get(name)
        if path is None:
            path = other_form(studio, here, name)
        return FileResponse(path, filename=None if here.kind == "look" else name, content_disposition_type="inline")

    @api.get("/studio", summary="What can be chosen here, and its bounds")
    def about() -> dict[str, Any]:
        return {
            "version": version("tempose"),
            "warnings": studio.model.warnings,
            "settings": [described(each, studio) for each in OFFERED if each.shown.title],
            "parts": DRESSING[0].choices,
            "motions": MOTIONS,
            "examples": EXAMPLES,
            "people": choices if anatomy.there() else {},
            "most": {"upload": studio.limits.upload_bytes, "frames": studio.limits.frames},
            "kept_minutes": studio.limits.kept_minutes,
            "said": {"large": str(studio.limits.too_large("{name}")), "kind": no_picture("{name}")},
        }

    @api.get("/examples/{name}.jpg", summary="The photo of an example")
    def example(name: str) -> FileResponse:
        if name not in EXAMPLES:
            raise Gone("there is no such example")
        return FileResponse(SAMPLES / f"{name}.jpg")

    @api.get("", include_in_schema=False)
    def documentation() -> HTMLResponse:
        return HTMLResponse(as_page(description()))

    @api.get("/openapi.json", include_in_schema=False)
    def description() -> dict[str, Any]:
        shown = FastAPI(title="tempose", version=version("tempose"), openapi_url=None)
        shown.include_router(api)
        return shown.openapi()

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> PlainTextResponse:
        return PlainTextResponse(measured(studio, gallery), media_type="text/plain; version=0.0.4")

    @app.get("/", include_in_schema=False)
    @app.head("/", include_in_schema=False)
    def home() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    @app.get("/page/{name}", include_in_schema=False)
    def part_of_page(name: str) -> FileResponse:
        if name not in parts_of_page():
            raise Gone("there is no such part of the page")
        return FileResponse(PAGE / name, headers={"cache-control": "no-cache"})

    async def told(_: Request, error: Exception) -> JSONResponse:
        status = 404 if isinstance(error, Gone) else 429 if isinstance(error, Busy) else 400
        return JSONResponse({"error": str(error)}, status)

    async def no_object(*_: object) -> JSONResponse:
        return JSONResponse({"error": "the request is no JSON object"}, 400)

    app.add_exception_handler(TemposeError, told)
    app.add_exception_handler(RequestValidationError, no_object)
    app.include_router(api)


@functools.cache
def parts_of_page() -> frozenset[str]:
    """The files of the page, by name."""
    return frozenset(path.name for path in PAGE.iterdir())


def made(piece: Piece) -> Finished:
    """What a finished job has made.

    Raises:
        InputError: it is not finished, or was no such job.
    """
    if not isinstance(piece.result, Finished):
        raise InputError("that job has made nothing yet", remedy="wait until it is done")
    return piece.result


def state(piece: Piece, gallery: Gallery) -> State:
    """How far a job is, for JSON."""
    job, now = piece.job, piece.job.progress(piece.desk.ahead(piece.job))
    known: dict[str, Any] = {
        "id": piece.token,
        "kind": piece.kind,
        "title": piece.title,
        "state": job.state,
        "made": piece.made,
    }
    known |= {"part": now.part, "done": now.done, "total": now.total, "ahead": now.ahead, "rate": now.rate}
    known |= {"seconds_left": now.seconds_left, "pictures": job.pictures, "error": job.error, "files": [*piece.files]}
    return State(**known, expires=piece.made + gallery.keep, result=None if piece.result is None else piece.result.said)


def other_form(studio: Studio, piece: Piece, name: str) -> Path:
    """A video in another form, made now; as a short job of its own.

    Raises:
        InputError: it cannot be had so.
        Busy: too much is asked for at once.
    """
    result = made(piece) if piece.kind == "animate" else None
    ending = next((each for each in FORMS if result and name == f"{result.main.stem}{each}"), None)
    if result is None or ending is None:
        raise Gone("there is no file of that name")
    job = studio.looks.submit(lambda job: studio.form(result, ending, job), client=piece.job.client)
    job.finished.wait()
    if job.error:
        raise InputError(job.error)
    path: Path = job.result
    return path


def described(entry: Entry, studio: Studio) -> dict[str, Any]:
    """A setting, as the page shows it."""
    kind = "choice" if entry.choices else getattr(entry.kind, "__name__", "str")
    known = {"name": entry.name, "title": entry.shown.title, "help": entry.help, "kind": kind, "default": entry.default}
    known |= {"choices": entry.choices, "names": entry.shown.names, "unset": entry.shown.unset}
    return known | {"least": entry.bounds.get("ge"), "most": studio.limits.most.get(entry.name, entry.bounds.get("le"))}


def as_page(described: dict[str, Any]) -> str:
    """A description of the interface, as OpenAPI has it, to be read by people."""
    rows = [
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(what['summary'])}</p>"
        + "".join(f"<pre>{escape(json.dumps(body, indent=1))}</pre>" for body in [what.get("requestBody")] if body)
        for path, methods in described["paths"].items()
        for method, what in methods.items()
    ]
    state = json.dumps(described["components"]["schemas"]["State"], indent=1)
    text = (PAGE / "api.html").read_text(encoding="utf-8")
    return text.replace("{rows}", "\n".join(rows)).replace("{state}", escape(state))


def measured(studio: Studio, gallery: Gallery) -> str:
    """Jobs, queue, seconds and memory, in the text format of Prometheus."""
    import resource

    lines = ["# TYPE tempose_jobs_total counter", "# TYPE tempose_job_seconds_total counter"]
    for name, desk in (("generate", studio.desk), ("look", studio.looks)):
        lines += [f'tempose_jobs_total{{desk="{name}",outcome="{key}"}} {n}' for key, n in sorted(desk.ended.items())]
        lines += [f'tempose_job_seconds_total{{desk="{name}"}} {desk.seconds_run:.3f}']
        lines += [f'tempose_jobs_running{{desk="{name}"}} {desk.busy() - desk.waiting()}']
        lines += [f'tempose_jobs_waiting{{desk="{name}"}} {desk.waiting()}']
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return "\n".join([*lines, f"tempose_pieces {len(gallery)}", f"tempose_memory_peak_bytes {memory}", ""])
