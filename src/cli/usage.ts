/** Wrong use of a command: the message says what, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
