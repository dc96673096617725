/** Entries that a user would translate with options of their own. */

/** They keep something from one request to the next (a file, a counter): translate --stateful. */
export const STATEFUL: ReadonlySet<string> = new Set([
  "erlang",
  "java",
  "node",
  "perl",
  "python-wsgi",
  "ruby",
  "webdis",
]);
