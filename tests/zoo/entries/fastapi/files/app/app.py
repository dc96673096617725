
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
app = FastAPI()
class Item(BaseModel):
    name: str
    price: float = 1.5
@app.get("/")
async def root(): return Response("fastapi ok\n", media_type="text/plain")
@app.get("/json")
def js(a: int = 0, b: str = ""): return {"a": a, "b": b, "f": 0.1+0.2, "item": Item(name="x")}
@app.head("/json")
def hd(): return {}
@app.post("/echo")
async def echo(r: Request): return Response(await r.body(), media_type=r.headers.get("content-type"))
@app.post("/item")
def item(i: Item): return i
@app.get("/big")
def big(): return Response(bytes(range(256))*4000, media_type="application/octet-stream")
