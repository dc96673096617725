import hashlib
import json
import os
import threading
import time
from urllib.parse import parse_qsl

COUNTER = 0
LOCK = threading.Lock()


def application(environ, start_response):
    path = environ["PATH_INFO"]
    headers = [("Content-Type", "text/plain")]
    if path == "/request":
        shown = ("HTTP_", "REQUEST_", "QUERY", "PATH_INFO", "SCRIPT_", "CONTENT_", "SERVER_PROTOCOL")
        # What gateways add is theirs.
        added = ("HTTP_X_FORWARDED", "HTTP_CF_")
        wanted = {k: v for k, v in environ.items() if k.startswith(shown) and not k.startswith(added)}
        wanted.pop("HTTP_CONNECTION", None)
        body = json.dumps(wanted, sort_keys=True).encode()
        headers = [("Content-Type", "application/json")]
    elif path == "/body":
        h = hashlib.sha256()
        n = 0
        while chunk := environ["wsgi.input"].read(8192):
            h.update(chunk)
            n += len(chunk)
        body = f"{n} {h.hexdigest()}\n".encode()
    elif path == "/query":
        body = repr(parse_qsl(environ["QUERY_STRING"])).encode()
    elif path == "/stream":
        start_response("200 OK", headers)
        return (f"line {i}\n".encode() for i in range(100))
    elif path == "/sleep":
        time.sleep(0.2)
        body = b"slept\n"
    elif path == "/error":
        raise ValueError("on purpose")
    elif path == "/exit":
        os._exit(3)
    elif path == "/big":
        body = b"0123456789abcdef" * 65536
    elif path == "/spool":
        import uwsgi
        body = f"{uwsgi.numproc} {uwsgi.version.decode()} {uwsgi.opt['module'].decode()}\n".encode()
    else:
        start_response("404 Not Found", headers)
        return [b"no such page\n"]
    start_response("200 OK", headers + [("Content-Length", str(len(body)))])
    return [body]
