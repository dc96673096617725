import type { WarmRequest } from "./warm.ts";

type Fields = WarmRequest["headers"];

/** What browsers send with each request. */
const BROWSER: Fields = [
  ["User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"],
  ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
  ["Accept-Language", "en-US,en;q=0.5"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Referer", "http://localhost/"],
  ["Cookie", "training=1; lang=en"],
];

function request(method: string, path: string, headers: Fields = [], body: string | null = null): WarmRequest {
  return { method, path, headers, body, keep: false };
}

/** What any server can be asked. What a server is likely to answer comes twice: the first goes through what happens once only. */
export const COMMON_REQUESTS: readonly WarmRequest[] = [
  request("GET", "/"),
  request("GET", "/no-such-page"),
  request("HEAD", "/"),
  request("HEAD", "/?training=1"),
  request("GET", "/"),
  request("GET", "/?training=1"),
  request("POST", "/", [], "training"),
  request("POST", "/?training=1", [], "training"),
  request("GET", "/", BROWSER),
  request("GET", "/favicon.ico", BROWSER),
  request("GET", "/", [...BROWSER, ["If-Modified-Since", "Fri, 01 Jan 2038 00:00:00 GMT"]]),
  request("GET", "/", [...BROWSER, ["If-None-Match", '"training"'], ["Cache-Control", "max-age=0"]]),
  request("GET", "/", [["Range", "bytes=0-7"]]),
  request("POST", "/", [...BROWSER, ["Content-Type", "application/x-www-form-urlencoded"]], "training=1&lang=en"),
  request("POST", "/", [["Content-Type", "application/json"], ["Accept", "application/json"]], '{"training":[1,"a"]}'),
  request("OPTIONS", "/", [["Origin", "http://localhost"], ["Access-Control-Request-Method", "PUT"]]),
];
