"use strict";
// A small application on Node.js alone: JSON, streams, compression, digests, timers, threads, processes, WebAssembly.
const http = require("node:http");
const crypto = require("node:crypto");
const zlib = require("node:zlib");
const fs = require("node:fs");
const vm = require("node:vm");
const { execFile } = require("node:child_process");
const { Worker } = require("node:worker_threads");
const { Readable, Transform, pipeline } = require("node:stream");
const { promisify } = require("node:util");

const sleep = promisify(setTimeout);
const BLOCK = Buffer.from(Array.from({ length: 65536 }, (_, i) => i & 255));

async function bodyOf(req) {
  const pieces = [];
  for await (const piece of req) pieces.push(piece);
  return Buffer.concat(pieces);
}

function json(res, value, status = 200) {
  const text = JSON.stringify(value) + "\n";
  res.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
  res.end(text);
}

function text(res, body, status = 200) {
  res.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": Buffer.byteLength(body) });
  res.end(body);
}

// Hot enough that the optimising compiler takes over, with a change of types in the middle that sends it back.
function mix(items) {
  let sum = 0;
  for (const item of items) sum = (sum * 31 + item.value) % 1000003;
  return sum;
}

function optimised() {
  const small = Array.from({ length: 1000 }, (_, i) => ({ value: i }));
  const mixed = [...small, { value: 0.5 }, { other: 1, value: 7 }, { value: -3, more: "x" }];
  let sum = 0;
  for (let round = 0; round < 400; round++) sum += mix(small);
  sum += mix(mixed);
  for (let round = 0; round < 200; round++) sum += mix(mixed);
  return sum;
}

function matrix(n) {
  const a = new Float64Array(n * n).map((_, i) => Math.sin(i)), b = new Float64Array(n * n).map((_, i) => Math.cos(i));
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
      c[i * n + j] = sum;
    }
  }
  return crypto.createHash("sha1").update(Buffer.from(c.buffer)).digest("hex");
}

// (module (func (export "fac") (param i64) (result i64) ...)): the factorial, by recursion.
const WASM = Buffer.from(
  "0061736d0100000001060160017e017e030201000707010366616300000a170115002000" +
    "50047e420105200020004201" + "7d10007e0b0b",
  "hex",
);

function inWorker(n) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
       let [a, b] = [0n, 1n];
       for (let i = 0; i < workerData; i++) [a, b] = [b, a + b];
       parentPort.postMessage(a);`,
      { eval: true, workerData: n },
    );
    worker.once("message", (value) => worker.terminate().then(() => resolve(value)));
    worker.once("error", reject);
  });
}

const routes = {
  "/": (_, res) => text(res, "node ok\n"),
  "/json": (_, res) => json(res, { name: "zoo", list: [1, 2.5, null], text: "gr\u00fc\u00df", float: 0.1 + 0.2 }),
  "/parse": async (req, res) => {
    const body = JSON.parse(await bodyOf(req));
    json(res, Object.fromEntries(Object.entries(body).sort()));
  },
  "/echo": (req, res) => {
    res.setHeader("Content-Type", req.headers["content-type"] ?? "text/plain");
    req.pipe(res);
  },
  "/hash": async (req, res) => {
    const body = await bodyOf(req), of = (name) => crypto.createHash(name).update(body).digest("hex");
    json(res, {
      ...Object.fromEntries(["md5", "sha1", "sha256", "sha512", "sha3-256"].map((name) => [name, of(name)])),
      hmac: crypto.createHmac("sha256", "key").update(body).digest("base64"),
      size: body.length,
    });
  },
  "/crypto": async (_, res) => {
    const key = await promisify(crypto.scrypt)("password", "salt", 32, { N: 1024 });
    const cipher = crypto.createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
    const sealed = Buffer.concat([cipher.update("a secret"), cipher.final()]);
    json(res, {
      key: key.toString("hex"),
      sealed: sealed.toString("hex"),
      tag: cipher.getAuthTag().toString("hex"),
      pbkdf2: crypto.pbkdf2Sync("password", "salt", 1000, 20, "sha1").toString("hex"),
      random: crypto.randomBytes(16).length,
    });
  },
  "/query": (_, res, url) => json(res, [...url.searchParams]),
  "/headers": (req, res) => json(res, [req.headers["x-test"], req.headers.cookie, req.headers["user-agent"]]),
  "/gzip": (_, res) => {
    res.writeHead(200, { "Content-Type": "text/plain", "Content-Encoding": "gzip" });
    const lines = Readable.from((function* () {
      for (let i = 0; i < 2000; i++) yield `line ${i} of a text that repeats itself\n`;
    })());
    pipeline(lines, zlib.createGzip({ level: 9 }), res, () => {});
  },
  "/compress": async (req, res) => {
    const body = await bodyOf(req), packed = await promisify(zlib.brotliCompress)(body);
    const deflated = zlib.deflateRawSync(body);
    json(res, {
      brotli: packed.length,
      same: zlib.brotliDecompressSync(packed).equals(zlib.inflateRawSync(deflated)),
      deflated: deflated.length,
    });
  },
  "/upper": (req, res) => {
    res.setHeader("Content-Type", "text/plain");
    const upper = new Transform({ transform: (piece, _, done) => done(null, piece.toString("latin1").toUpperCase()) });
    pipeline(req, upper, res, () => {});
  },
  "/optimised": (_, res) => text(res, `${optimised()}\n`),
  "/matrix": (_, res) => text(res, `${matrix(96)}\n`),
  "/language": (_, res) => {
    class Shape {
      #sides = 3;
      get sides() {
        return this.#sides;
      }
      static *walk(n) {
        for (let i = 0; i < n; i++) yield i ** 2;
      }
    }
    const [, ...rest] = Shape.walk(5);
    json(res, {
      power: (3n ** 500n).toString(),
      division: (10n ** 60n / 7n).toString(16),
      sides: new Shape().sides,
      rest,
      date: new Date(Date.UTC(2024, 1, 29, 12, 30)).toISOString(),
      regexp: "2024-02-29 and 1999-12-31".replace(/(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)/gu, "$<d>.$<m>.$<y>"),
      look: "price: 100 EUR, 20 USD".match(/(?<=: |, )\d+(?= [A-Z]{3})/g),
      letters: [..."\u65e5\u672c\u{1F600}"].map((c) => c.codePointAt(0)),
      sorted: ["b", "\u00e4", "a", "Z", "10", "9"].sort(),
      math: [Math.exp(1.5), Math.pow(2, 0.5), Math.tan(1), Math.cbrt(7), Math.hypot(3, 4), Math.fround(0.1), Math.log1p(1e-9)],
      numbers: [(0.1).toFixed(20), (1234.5678).toExponential(3), (255).toString(36), Number("0x1f"), parseFloat("1e-7")],
      sandbox: vm.runInNewContext("[1, 2, 3].reduce((a, b) => a + b) + x", { x: 4 }),
      proxy: new Proxy({}, { get: (_, name) => `got ${String(name)}` }).anything,
      clone: structuredClone(new Map([[1, { a: new Set([2]) }]])).get(1).a.has(2),
    });
  },
  "/wasm": async (_, res) => {
    const { instance } = await WebAssembly.instantiate(WASM);
    text(res, `${instance.exports.fac(20n)}\n`);
  },
  "/worker": async (_, res, url) => text(res, `${await inWorker(Number(url.searchParams.get("n") ?? 500))}\n`),
  "/run": (_, res) => {
    execFile("/bin/dash", ["-c", "echo from $0 $(echo child)", "a"], (error, out) => text(res, error ? String(error) : out));
  },
  "/timers": async (_, res) => {
    const order = [];
    const ended = new Promise((go) => setTimeout(() => (order.push("timeout 300"), go()), 300));
    setTimeout(() => order.push("timeout 5"), 5);
    setImmediate(() => order.push("immediate"));
    process.nextTick(() => order.push("tick"));
    Promise.resolve().then(() => order.push("microtask"));
    await ended;
    json(res, order);
  },
  "/file": async (req, res) => {
    if (req.method === "POST") {
      await fs.promises.writeFile("/tmp/zoo.txt", await bodyOf(req));
      return text(res, "stored\n", 201);
    }
    const file = fs.createReadStream("/tmp/zoo.txt");
    file.on("error", () => text(res, "none\n", 404));
    res.setHeader("Content-Type", "text/plain");
    file.pipe(res);
  },
  "/env": (_, res) => json(res, { GREETING: process.env.GREETING, cwd: process.cwd(), uid: process.getuid() }),
  "/big": (_, res, url) => {
    const n = Number(url.searchParams.get("n"));
    res.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": n });
    const blocks = Readable.from((function* () {
      for (let at = 0; at < n; at += BLOCK.length) yield BLOCK.subarray(0, Math.min(BLOCK.length, n - at));
    })());
    pipeline(blocks, res, () => {});
  },
  "/stream": async (_, res) => {
    res.writeHead(200, { "Content-Type": "text/plain" });
    for (let i = 0; i < 4; i++) {
      if (i > 0) await sleep(100);
      res.write(`line ${i}\n`);
    }
    res.end();
  },
  "/sleep": async (_, res, url) => {
    await sleep(Number(url.searchParams.get("ms")));
    text(res, "slept\n");
  },
  "/redirect": (_, res) => res.writeHead(302, { Location: "/json" }).end(),
  "/error": () => {
    throw new RangeError("on purpose");
  },
};

const server = http.createServer(async (req, res) => {
  const url = new URL(req.url, "http://localhost");
  try {
    const route = routes[url.pathname];
    if (route === undefined) text(res, "no such path\n", 404);
    else await route(req, res, url);
  } catch (error) {
    text(res, `${error}\n`, 500);
  }
});
server.listen(Number(process.argv[2]), "0.0.0.0");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
