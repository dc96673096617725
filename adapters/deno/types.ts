/** As much of Deno.ServeHandlerInfo as we use. */
export interface DenoServeInfo {
  readonly remoteAddr?: { readonly hostname?: string };
}

/** What `deno serve` takes as a module's default export. */
export interface DenoEntry {
  fetch(request: Request, info?: DenoServeInfo): Response | Promise<Response>;
}
