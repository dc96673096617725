import { expect, test } from "vitest";
import { isListening, servingPort } from "./serving_port.ts";

const backend = { ip: "127.0.0.1", port: 8081 }, admin = { ip: "::1", port: 2019 };
const front = { ip: "0.0.0.0", port: 8080 }, secure = { ip: "::", port: 8443 };

test("requests go to the port that was asked for, or to none", () => {
  expect(servingPort([backend, front], [8080], 8081)).toBe(8081);
  expect(servingPort([backend, front], [8080], 80)).toBeUndefined();
});

test("requests go to the first exposed port that listens", () => {
  expect(servingPort([backend, secure, front], [80, 8080, 8443])).toBe(8080);
});

test("without exposed ports, sockets for the container's inside come last", () => {
  expect(servingPort([backend, admin, secure, front], [])).toBe(8443);
  expect(servingPort([backend, admin], [])).toBe(8081);
  expect(servingPort([], [8080])).toBeUndefined();
});

test("a server is ready when an exposed port listens", () => {
  expect(isListening([backend], [8080])).toBe(false);
  expect(isListening([backend, front], [8080])).toBe(true);
  expect(isListening([backend], [])).toBe(true);
  expect(isListening([front], [8080], 9000)).toBe(false);
});
