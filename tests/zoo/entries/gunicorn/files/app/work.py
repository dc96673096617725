"""Work on data, with the standard library."""
import collections
import csv
import datetime
import decimal
import fractions
import functools
import gzip
import hashlib
import heapq
import hmac
import io
import itertools
import json
import math
import pickle
import random
import re
import sqlite3
import struct
import threading
import unicodedata
import xml.etree.ElementTree as tree
import zlib
from concurrent.futures import ThreadPoolExecutor

from flask import Blueprint, jsonify, request

routes = Blueprint("work", __name__)


@routes.route("/hash", methods=["POST"])
def hashed():
    body = request.get_data()
    digests = {name: hashlib.new(name, body).hexdigest() for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b")}
    return jsonify(digests=digests, crc=zlib.crc32(body), adler=zlib.adler32(body), mac=hmac.digest(b"key", body, "sha256").hex())


@routes.route("/gzip", methods=["POST"])
def zipped():
    packed = gzip.compress(request.get_data(), 9, mtime=0)
    assert gzip.decompress(packed) == request.get_data()
    return packed, 200, {"Content-Encoding": "gzip", "Content-Type": "text/plain"}


@routes.route("/sqlite")
def database():
    with sqlite3.connect(":memory:") as db:
        db.execute("create table t (id integer primary key, name text, n real)")
        source = random.Random(7)
        db.executemany("insert into t (name, n) values (?, ?)", ((f"n{i % 17}", source.random()) for i in range(3000)))
        db.create_function("twice", 1, lambda n: n * 2)
        rows = db.execute("select name, count(*), round(sum(twice(n)), 6) from t where name like 'n1%' group by name order by 2 desc, 1 limit 4").fetchall()
        plan = db.execute("explain query plan select * from t where id = 5").fetchall()[0][-1]
        try:
            db.execute("insert into t (id) values (1)")
            failed = None
        except sqlite3.IntegrityError as e:
            failed = str(e)
    return jsonify(rows=rows, plan=plan, failed=failed)


@routes.route("/numbers")
def numbers():
    with decimal.localcontext() as context:
        context.prec = 60
        exact = str(decimal.Decimal(2).sqrt()), str(decimal.Decimal(1) / 7)
    source = random.Random(42)
    return jsonify(exact=exact, fraction=str(sum(fractions.Fraction(1, i) for i in range(1, 40))), power=str(pow(7, 1 << 20, (1 << 521) - 1)),
                   factorial=str(math.factorial(200)), floats=[repr(f(x)) for f in (math.sqrt, math.sin, math.exp, math.gamma, math.log1p) for x in (0.1, 1.0, 2.5)],
                   random=[source.random(), source.gauss(0, 1), source.sample(range(1000), 5)], packed=struct.pack("<dfqH", 0.1, 0.1, -1, 65535).hex(),
                   rounded=[round(2.5), round(2.675, 2), 0.1 + 0.2, 1e22, 5e-324], wide=str(10 ** 300 // 7 ** 90))


@routes.route("/text")
def text():
    mail = re.compile(r"(?P<who>[a-z_0-9.]+)@(?P<at>(?:[a-z]+\.)+test)", re.I)
    long = "alice <alice@example.test>, bob_2 (bob@sub.example.test); x@y " * 100
    rows = io.StringIO()
    csv.writer(rows).writerows([["a", 'b"c', "d,e"], [1, 2.5, None]])
    root = tree.fromstring("<r><i n='1'>a</i><i n='2'>&lt;b</i></r>")
    return jsonify(found=len(mail.findall(long)), replaced=mail.sub(r"\g<at>:\g<who>", long[:62]), csv=rows.getvalue(), xml=[(i.get("n"), i.text) for i in root.iter("i")],
                   normal=[unicodedata.name(c) for c in unicodedata.normalize("NFD", "ü")], upper="straße".upper(), counts=collections.Counter(long).most_common(3),
                   date=(datetime.datetime(2024, 2, 29, 12) + datetime.timedelta(days=365)).strftime("%A %d %B %Y %j"), template=f"{math.pi:>10.3f}|{255:#x}|{'x':^5}")


@routes.route("/threads")
def threads():
    lock, counted, condition, order = threading.Lock(), [0], threading.Condition(), []

    def count():
        for _ in range(500):
            with lock:
                counted[0] += 1

    def turn(i):
        with condition:
            condition.wait_for(lambda: len(order) == i, timeout=20)
            order.append(i)
            condition.notify_all()

    with ThreadPoolExecutor(6) as pool:
        squares = list(pool.map(lambda n: n * n, range(50)))
        for _ in range(6):
            pool.submit(count)
    turns = [threading.Thread(target=turn, args=(i,)) for i in reversed(range(5))]
    for t in turns:
        t.start()
    for t in turns:
        t.join()
    local = threading.Event()
    timer = threading.Timer(0.02, local.set)
    timer.start()
    return jsonify(counted=counted[0], squares=sum(squares), order=order, timed=local.wait(10), late=threading.Event().wait(0.01))


@routes.route("/objects")
def objects():
    @functools.lru_cache(maxsize=None)
    def ways(n):
        return 1 if n < 2 else ways(n - 1) + ways(n - 2)
    heap = [(i * 7919 % 1000, i) for i in range(1000)]
    heapq.heapify(heap)
    primes = list(itertools.islice((n for n in itertools.count(2) if all(n % d for d in range(2, math.isqrt(n) + 1))), 300))
    again = pickle.loads(pickle.dumps({"a": [1, (2, 3)], "d": datetime.date(2024, 1, 1)}))
    try:
        raise ExceptionGroup("several", [ValueError(1), KeyError("k")])
    except* ValueError as group:
        caught = [str(e) for e in group.exceptions]
    except* KeyError:
        pass
    match again:
        case {"a": [first, (second, *_)]}:
            matched = first + second
    return jsonify(ways=str(ways(150)), least=heapq.nsmallest(3, heap), primes=primes[-1], again=str(again["d"]), caught=caught, matched=matched,
                   json=json.loads(json.dumps({"k": [float("1e-7"), "\u2028", None, True]})))
