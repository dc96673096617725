/** What the rest of the kernel asks of the network. */
// deno-lint-ignore no-empty-interface
export interface Net {}
