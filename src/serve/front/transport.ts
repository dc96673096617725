/** A client's TCP connection, as a host has it. Tells a ClientConnection what happens. */
export interface Transport {
  /** The client's IP address. */
  readonly remoteAddress: string | undefined;
  /** Takes bytes, which nobody changes afterwards; false if drained() should be waited for before there are more. */
  write(bytes: Uint8Array): boolean;
  /** No more is written: the FIN, after all that was. The client may still send. */
  end(): void;
  /** Ends the connection at once, both ways. */
  destroy(): void;
  /** No more is to be read until resume(); some may still come. */
  pause(): void;
  resume(): void;
}
