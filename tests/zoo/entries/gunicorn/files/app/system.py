"""Processes, files, sockets, signals."""
import asyncio
import fcntl
import glob
import mmap
import multiprocessing
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from flask import Blueprint, jsonify, request, send_file

routes = Blueprint("system", __name__)


@routes.route("/env")
def env():
    return jsonify(greeting=os.environ["GREETING"], cwd=os.getcwd(), uid=os.getuid(), server=request.environ["SERVER_SOFTWARE"], multithread=request.environ["wsgi.multithread"],
                   multiprocess=request.environ["wsgi.multiprocess"], version=sys.version_info[:2], encoding=sys.getfilesystemencoding())


@routes.route("/workers")
def workers():
    """The processes of the server: their parents, their names."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        with open(path) as stat:
            pid, rest = stat.read().split(" (", 1)
        name, rest = rest.rsplit(") ", 1)
        found.append((int(pid), int(rest.split()[1]), name))
    mine = [f for f in found if f[1] == os.getppid() and f[0] != os.getpid()]
    return jsonify(siblings=len(mine), parent=any(f[0] == os.getppid() for f in found), name={f[2] for f in mine} == {f[2] for f in found if f[0] == os.getpid()})


@routes.route("/child", methods=["POST"])
def child():
    done = subprocess.run([sys.executable, "-c", "import sys; print(sys.stdin.read().upper()); print('told', file=sys.stderr); sys.exit(3)"],
                          input=request.get_data(as_text=True), capture_output=True, text=True)
    shell = subprocess.run("cat | tr a-z A-Z | wc -c; exit 4", shell=True, input=b"some text", capture_output=True)
    sleeping = subprocess.Popen(["sleep", "60"])
    sleeping.terminate()
    try:
        subprocess.run(["sleep", "60"], timeout=0.05)
        timed = False
    except subprocess.TimeoutExpired:
        timed = True
    try:
        missing = subprocess.run(["/bin/nothing"])
    except FileNotFoundError as e:
        missing = e.strerror
    return jsonify(out=done.stdout, err=done.stderr, code=done.returncode, shell=[shell.stdout.decode(), shell.returncode], ended=sleeping.wait(), timed=timed, missing=missing)


def _square(n):
    return n * n, os.getppid()


@routes.route("/pool")
def pool():
    with multiprocessing.get_context("fork").Pool(3) as processes:
        squares = processes.map(_square, range(20))
    shared = multiprocessing.Value("i", 0)

    def add():
        for _ in range(50):
            with shared.get_lock():
                shared.value += 1
    all = [multiprocessing.Process(target=add) for _ in range(3)]
    for p in all:
        p.start()
    for p in all:
        p.join()
    return jsonify(squares=sum(s for s, _ in squares), mine={p for _, p in squares} == {os.getpid()}, shared=shared.value,
                   codes=[p.exitcode for p in all])


@routes.route("/files")
def files():
    with tempfile.TemporaryDirectory() as dir:
        for i in range(5):
            with open(f"{dir}/{i}.txt", "w") as f:
                f.write(chr(97 + i) * 10 * i)
        os.rename(f"{dir}/1.txt", f"{dir}/moved")
        os.symlink("moved", f"{dir}/link")
        shutil.copytree(dir, f"{dir}/copy", symlinks=True)
        with open(f"{dir}/4.txt", "r+b") as f, mmap.mmap(f.fileno(), 0) as mapped:
            mapped[5:11] = b"MIDDLE"
            found = mapped.find(b"LE")
            fcntl.flock(f, fcntl.LOCK_EX)
        with open(f"{dir}/4.txt") as f:
            text = f.read()
        names = sorted(os.path.relpath(os.path.join(at, n), dir) for at, _, ns in os.walk(dir) for n in ns)
        sizes = [e.stat(follow_symlinks=False).st_size for e in sorted(os.scandir(dir), key=lambda e: e.name) if e.is_file()]
        try:
            os.rmdir(dir)
        except OSError as e:
            failed = e.strerror
    try:
        open("/app/app.py", "a")
        denied = None
    except PermissionError as e:
        denied = e.strerror
    return jsonify(text=text, found=found, names=names, sizes=sizes, failed=failed, denied=denied, gone=not os.path.exists(dir))


@routes.route("/download")
def download():
    return send_file("/app/app.py", mimetype="text/x-python", as_attachment=True, download_name="grüße.py", conditional=True)


@routes.route("/async")
def asynchronous():
    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line[::-1].strip() + b"\n")
            await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"first\nsecond\n")
        writer.write_eof()
        answer = (await reader.read()).decode()
        server.close()
        process = await asyncio.create_subprocess_exec("echo", "from a child", stdout=subprocess.PIPE)
        out, _ = await process.communicate()
        try:
            await asyncio.wait_for(asyncio.sleep(60), 0.02)
            late = None
        except asyncio.TimeoutError:
            late = "timeout"
        queue, got = asyncio.Queue(2), []
        async def put():
            for i in range(10):
                await queue.put(i)
        async with asyncio.TaskGroup() as group:
            group.create_task(put())
            for _ in range(10):
                got.append(await queue.get())
        return dict(answer=answer, out=out.decode(), late=late, got=got)
    return jsonify(asyncio.run(main()))


@routes.route("/sockets")
def sockets():
    left, right = socket.socketpair()
    with left, right:
        read, write = os.pipe()
        socket.send_fds(left, [b"take"], [write])
        message, fds, _, _ = socket.recv_fds(right, 10, 1)
        os.write(fds[0], b"through a passed descriptor")
        text = os.read(read, 100).decode()
    for fd in (read, write, *fds):
        os.close(fd)
    refused = socket.socket()
    refused.settimeout(1)
    code = refused.connect_ex(("127.0.0.1", 1))
    names = sorted({a[4][0] for a in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)})
    try:
        socket.getaddrinfo("bad name", 80)
        bad = None
    except socket.gaierror as e:
        bad = e.errno
    return jsonify(message=message.decode(), text=text, refused=os.strerror(code), localhost="127.0.0.1" in names, bad=bad == socket.EAI_NONAME, host=socket.gethostname() != "")


@routes.route("/limits")
def limits():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.monotonic()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.write(write, b"!")
        signal.pause()
        os._exit(0)
    os.read(read, 1)
    os.close(read)
    os.close(write)
    os.kill(pid, signal.SIGTERM)
    _, status = os.waitpid(pid, 0)
    return jsonify(memory=usage.ru_maxrss > 0, files=resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 256, ended=os.WTERMSIG(status), quick=time.monotonic() - begun < 30)
