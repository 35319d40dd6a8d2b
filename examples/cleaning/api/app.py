"""The HTTP interface of CleanWithSnapshot."""

import logging
import secrets
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from api.live import live, report_lines
from api.metrics import Traffic
from api.photos import add_photo, count_photos, read_photo
from api.pricing import CURRENCY, CleaningType, estimate
from api.readiness import jobs_status, readiness
from api.store import UNREACHABLE, Store
from common.environment import identity
from common.release import Release

log = logging.getLogger("cleaning.api")


class Home(BaseModel):
    """What there is to clean."""

    beds: int = Field(ge=0, le=20)
    baths: int = Field(ge=0, le=20)
    cleaning_type: CleaningType = CleaningType.STANDARD


class Lead(Home):
    """Somebody who asks for an appointment."""

    name: str = Field(min_length=1, max_length=200)
    phone: str = Field(min_length=3, max_length=40)
    email: str | None = Field(default=None, max_length=200)
    referral: str | None = Field(default=None, max_length=200)
    client_id: str | None = Field(default=None, min_length=1, max_length=100)
    """Chosen by the client; the same one again returns the lead that is there."""


def create_app(
    release: Release, store: Store, admin: tuple[str, str], heartbeat_ttl: float, traffic: Traffic
) -> FastAPI:
    """The application. `admin`: user and password; `heartbeat_ttl`: seconds after which silent jobs count as dead;
    `traffic`: what this replica answered lately."""
    named = identity()
    who = {
        "color": named.get("color", ""),
        "release": named.get("release") or release.version,
        "version": release.version,
    }

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        await store.open()
        log.info("version %s, schema %s", release.version, release.head)
        yield
        await store.close()

    app = FastAPI(title="CleanWithSnapshot", version=release.version, lifespan=lifespan, docs_url=None, redoc_url=None)

    def require_admin(given: Annotated[HTTPBasicCredentials, Depends(HTTPBasic(realm="admin"))]) -> None:
        user_fits = secrets.compare_digest(given.username.encode(), admin[0].encode())
        password_fits = secrets.compare_digest(given.password.encode(), admin[1].encode())
        if not (user_fits and password_fits):
            raise HTTPException(401, "wrong user or password", {"WWW-Authenticate": 'Basic realm="admin"'})

    async def unreachable(request: Request, error: Exception) -> JSONResponse:
        log.warning("%s %s: database: %s", request.method, request.url.path, error or type(error).__name__)
        return JSONResponse({"detail": "the database is not reachable"}, 503)

    for kind in UNREACHABLE:
        app.add_exception_handler(kind, unreachable)

    async def gone(request: Request, _: Exception) -> Response:
        log.info("%s %s: the client left before its request was here", request.method, request.url.path)
        return Response(status_code=400)

    app.add_exception_handler(ClientDisconnect, gone)

    @app.get("/healthz")
    async def healthz() -> dict:
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz(exclude: Annotated[list[str], Query()] = []) -> JSONResponse:
        answer = await readiness(store, release, heartbeat_ttl, set(exclude))
        return JSONResponse(answer, 200 if answer["ok"] else 503)

    @app.get("/metrics")
    async def metrics() -> dict:
        return {**traffic.last_minute(), "database_connections": store.connections()}

    @app.post("/v1/estimate")
    async def post_estimate(home: Home) -> dict:
        price = estimate(home.beds, home.baths, home.cleaning_type)
        return {**home.model_dump(include=set(Home.model_fields)), "price": float(price), "currency": CURRENCY}

    @app.post("/v1/leads", status_code=201)
    async def post_lead(lead: Lead, response: Response, x_client_id: Annotated[str | None, Header()] = None) -> dict:
        client_id = lead.client_id or x_client_id
        price = estimate(lead.beds, lead.baths, lead.cleaning_type)
        lead_id, created = await store.add({**lead.model_dump(), "client_id": client_id, "price": price})
        if not created:
            response.status_code = 200
        return {"id": str(lead_id), "client_id": client_id, "price": float(price), "currency": CURRENCY}

    @app.get("/v1/leads/{lead_id}")
    async def get_lead(lead_id: UUID) -> dict:
        lead = await store.get(lead_id)
        if lead is None:
            raise HTTPException(404, "no such lead")
        return {**lead, "price": float(lead["price"])}

    @app.post("/v1/photos", status_code=201)
    async def post_photo(
        request: Request, response: Response, x_client_id: Annotated[str | None, Header(max_length=100)] = None
    ) -> dict:
        photo, created = await add_photo(store, x_client_id, *await read_photo(request))
        if not created:
            response.status_code = 200
        return photo

    @app.get("/v1/report")
    async def get_report(seconds: Annotated[int, Query(ge=1, le=120)]) -> StreamingResponse:
        return StreamingResponse(report_lines(seconds, who), media_type="application/x-ndjson")

    @app.websocket("/v1/live")
    async def get_live(socket: WebSocket) -> None:
        await live(socket, who)

    @app.get("/v1/admin/photos/count", dependencies=[Depends(require_admin)])
    async def photos_count() -> dict:
        return await count_photos(store)

    @app.get("/v1/admin/leads/count", dependencies=[Depends(require_admin)])
    async def leads_count() -> dict:
        return await store.count()

    @app.get("/v1/admin/jobs/status", dependencies=[Depends(require_admin)])
    async def get_jobs_status() -> dict:
        async with store.connection() as connection:
            return await jobs_status(connection, heartbeat_ttl)

    return app
