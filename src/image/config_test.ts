import { describe, expect, it } from "vitest";
import { utf8 } from "./_testing.ts";
import { parseImageConfig, type ProcessOverrides, resolveProcess } from "./config.ts";
import { JsonView } from "./json_view.ts";

const rootFiles = new Map([
  [
    "/etc/passwd",
    utf8("root:x:0:0:root:/root:/bin/sh\nbroken line\nwww-data:x:33:33:www:/var/www:/bin/false\n100:x:5:6::/odd:\n"),
  ],
  ["/etc/group", utf8("root:x:0:\nwww-data:x:33:\nssl:x:101:other,www-data\nlog:x:102:www-data\n")],
]);

function resolve(config: Record<string, unknown>, overrides: ProcessOverrides = {}, files = rootFiles) {
  const document = { config: { Entrypoint: ["/server"], ...config }, rootfs: { diff_ids: [] } };
  return resolveProcess(
    parseImageConfig(new JsonView(document, "c.json"), "c.json"),
    (path) => files.get(path),
    overrides,
  );
}

const failing = (config: Record<string, unknown>, overrides?: ProcessOverrides) =>
  expect(() => resolve(config, overrides));

describe("the process of an image", () => {
  it("has docker's defaults where the configuration says nothing", () => {
    expect(resolve({})).toEqual({
      argv: ["/server"],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"],
      cwd: "/",
      uid: 0,
      gid: 0,
      groups: [],
      ports: [],
      stopSignal: 15,
    });
  });

  it("joins entrypoint and command; overriding the entrypoint drops the command", () => {
    const config = { Entrypoint: ["/entry"], Cmd: ["a", ""] };
    expect(resolve(config).argv).toEqual(["/entry", "a", ""]);
    expect(resolve(config, { args: ["b"] }).argv).toEqual(["/entry", "b"]);
    expect(resolve(config, { entrypoint: ["/other"] }).argv).toEqual(["/other"]);
    expect(resolve({ Entrypoint: null, Cmd: ["/cmd"] }).argv).toEqual(["/cmd"]);
  });

  it("needs something to run", () => {
    failing({ Entrypoint: null }).toThrow("c.json: the image has no entrypoint and no command: say what to run");
    failing({ Entrypoint: [], Cmd: [] }).toThrow("no entrypoint and no command");
    failing({ Entrypoint: [""] }).toThrow("entrypoint is an empty string");
    failing({ Cmd: ["a\0b"] }).toThrow("an argument of the image holds a NUL");
  });

  it("takes the last of variables with one name, PATH and HOME among them", () => {
    expect(resolve({ Env: ["A=1", "PATH=/bin", "A=2=3", "EMPTY=", "no equals sign"] }, { env: ["HOME=/h"] }).env)
      .toEqual(["A=2=3", "PATH=/bin", "EMPTY=", "HOME=/h"]);
  });

  it("starts in the working directory", () => {
    expect(resolve({ WorkingDir: "/srv/www" }).cwd).toBe("/srv/www");
    expect(resolve({ WorkingDir: "srv" }).cwd).toBe("/srv");
    expect(resolve({ WorkingDir: "/srv" }, { workingDir: "/tmp" }).cwd).toBe("/tmp");
  });

  const users: [text: string, uid: number, gid: number, groups: number[], home: string][] = [
    ["www-data", 33, 33, [101, 102], "/var/www"],
    ["33", 33, 33, [101, 102], "/var/www"],
    ["www-data:ssl", 33, 101, [], "/var/www"],
    ["www-data:7", 33, 7, [], "/var/www"],
    ["4000", 4000, 0, [], "/"],
    ["4000:4001", 4000, 4001, [], "/"],
    [":log", 0, 102, [], "/root"],
    ["100", 5, 6, [], "/odd"],
  ];
  for (const [text, uid, gid, groups, home] of users) {
    it(`runs as ${uid}:${gid} for the user ${JSON.stringify(text)}`, () => {
      expect(resolve({ User: text })).toMatchObject({ uid, gid, groups });
      expect(resolve({ User: text }).env).toContain(`HOME=${home}`);
    });
  }

  it("needs no /etc/passwd for numbers, but for names", () => {
    expect(resolve({ User: "5:6" }, {}, new Map())).toMatchObject({ uid: 5, gid: 6 });
    expect(resolve({}, {}, new Map()).env).toContain("HOME=/");
    failing({ User: "nobody" }).toThrow('c.json: user "nobody" of the image is not in /etc/passwd');
    failing({ User: "root:wheel" }).toThrow('group "wheel" of the image is not in /etc/group');
    failing({ User: "99999999999" }).toThrow("is not in /etc/passwd");
  });

  it("reads ports and ranges of ports", () => {
    expect(resolve({ ExposedPorts: { "80": {}, "53/udp": {}, "8000-8002/tcp": {} } }).ports).toEqual([
      { number: 80, protocol: "tcp" },
      { number: 53, protocol: "udp" },
      { number: 8000, protocol: "tcp" },
      { number: 8001, protocol: "tcp" },
      { number: 8002, protocol: "tcp" },
    ]);
    for (const text of ["0", "65536", "9-8", "80/icmp", "http"]) {
      failing({ ExposedPorts: { [text]: {} } }).toThrow(`exposed port ${JSON.stringify(text)} is not a port`);
    }
    failing({ ExposedPorts: { "1-65535/tcp": {} } }).toThrow("the image exposes more than 10000 ports");
  });

  it("reads stop signals by name and number", () => {
    const signals = ["SIGQUIT", "quit", "3", "SIGRTMIN+3", "SIGRTMAX", "SIGWINCH"];
    expect(signals.map((StopSignal) => resolve({ StopSignal }).stopSignal)).toEqual([3, 3, 3, 37, 64, 28]);
    for (const text of ["SIGFOO", "0", "65", "SIGRTMIN-1", "SIG"]) {
      failing({ StopSignal: text }).toThrow(`stop signal ${JSON.stringify(text)} is not a signal`);
    }
  });
});
