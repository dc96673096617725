"""A WSGI application without a framework."""
import glob
import os
import time

begun = os.getpid()


def workers():
    """How many processes have the same parent as this one."""
    parents = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        with open(path) as stat:
            parents.append(int(stat.read().rsplit(") ", 1)[1].split()[1]))
    return parents.count(os.getppid())


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/workers":
        text = f"{workers()} workers, loaded in this one {begun == os.getpid()}\n"
    elif path == "/sleep":
        time.sleep(float(environ["QUERY_STRING"]))
        text = "slept\n"
    elif path == "/echo":
        text = environ["wsgi.input"].read().decode()
    elif path == "/error":
        raise RuntimeError("an error of the application")
    elif path == "/exit":
        os._exit(1)
    else:
        text = f"{environ['REQUEST_METHOD']} {path} {environ['SERVER_PROTOCOL']}\n"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text.encode())))])
    return [text.encode()]
