"""A Starlette application on uvloop."""
import asyncio
import contextlib
import hashlib
import os
import socket
import subprocess

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from starlette.routing import Route

state = {"begun": 0, "beats": 0, "background": 0}


@contextlib.asynccontextmanager
async def lifespan(app):
    async def beat():
        while True:
            state["beats"] += 1
            await asyncio.sleep(0.05)
    state["begun"] += 1
    task = asyncio.create_task(beat())
    yield
    task.cancel()


async def json(request):
    return JSONResponse({"ok": True, "text": "grüße", "loop": type(asyncio.get_running_loop()).__module__, "begun": state["begun"]})


async def echo(request):
    return PlainTextResponse(await request.body(), media_type=request.headers.get("content-type"))


async def digest(request):
    sha, n = hashlib.sha256(), 0
    async for chunk in request.stream():
        sha.update(chunk)
        n += len(chunk)
    return PlainTextResponse(f"{n} {sha.hexdigest()}\n")


async def item(request):
    return JSONResponse({"number": request.path_params["number"], "rest": request.path_params["rest"], "query": request.query_params.multi_items(), "cookies": request.cookies})


async def stream(request):
    async def lines():
        for i in range(5):
            yield f"data: {i}\n\n"
            await asyncio.sleep(0.08)
    return StreamingResponse(lines(), media_type="text/event-stream")


async def text(request):
    return PlainTextResponse("compressible text; " * 500)


async def sleep(request):
    await asyncio.sleep(float(request.query_params["s"]))
    return PlainTextResponse("slept\n")


async def tasks(request):
    queue, lock, event, order = asyncio.Queue(3), asyncio.Lock(), asyncio.Event(), []

    async def put(i):
        await event.wait()
        async with lock:
            await asyncio.sleep(0.001)
            await queue.put(i)

    async def never():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            order.append("cancelled")
            raise
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(never())
        for i in range(10):
            group.create_task(put(i))
        event.set()
        for _ in range(10):
            order.append(await queue.get())
        waiting.cancel()
    try:
        async with asyncio.timeout(0.02):
            await asyncio.sleep(3600)
    except TimeoutError:
        order.append("timeout")
    threads = await asyncio.gather(*(run_in_threadpool(lambda n=n: n * n) for n in range(8)))
    before = state["beats"]
    await asyncio.sleep(0.3)
    return JSONResponse({"order": order, "threads": threads, "beaten": state["beats"] - before >= 2})


async def network(request):
    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line[::-1].strip() + b"\n")
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"first\nsecond\n")
    writer.write_eof()
    answer = (await reader.read()).decode()
    writer.close()
    server.close()
    loop = asyncio.get_running_loop()
    names = {a[4][0] for a in await loop.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}
    child = await asyncio.create_subprocess_shell("tr a-z A-Z; exit 3", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = await child.communicate(b"through a child")
    sleeping = await asyncio.create_subprocess_exec("sleep", "60")
    sleeping.terminate()
    return JSONResponse({"answer": answer, "localhost": "127.0.0.1" in names, "out": out.decode(), "code": child.returncode, "ended": await sleeping.wait()})


async def background(request):
    async def later():
        await asyncio.sleep(0.01)
        state["background"] += 1
    return PlainTextResponse("begun\n", background=BackgroundTask(later))


async def fail(request):
    if request.path_params["kind"] == "http":
        raise HTTPException(418, "a teapot")
    raise RuntimeError("failed")


async def failed(request, error):
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)

application = Starlette(
    routes=[
        Route("/json", json), Route("/echo", echo, methods=["POST"]), Route("/digest", digest, methods=["POST"]), Route("/items/{number:int}/{rest:path}", item),
        Route("/stream", stream), Route("/text", text), Route("/sleep", sleep), Route("/tasks", tasks), Route("/network", network), Route("/background", background),
        Route("/fail/{kind}", fail), Route("/file", lambda request: FileResponse("/app/app.py", media_type="text/x-python")),
        Route("/redirect", lambda request: RedirectResponse("/json")),
    ],
    lifespan=lifespan, middleware=[Middleware(GZipMiddleware, minimum_size=1000)], exception_handlers={HTTPException: failed})
