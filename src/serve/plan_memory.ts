import type { ClientInfo } from "./raw.ts";
import type { RequestPlan } from "./request.ts";

/** How many plans are kept, and for requests of which size: characters of the URL and of all fields. */
const PLANS_MAX = 8, CHARACTERS_MAX = 2048;

/** What a plan was made of. */
interface KnownPlan {
  readonly method: string;
  readonly url: string;
  readonly remoteAddress: string | undefined;
  /** Names and values in turns, as the Headers have them. */
  readonly fields: readonly string[];
  readonly plan: RequestPlan;
}

/**
 * What the last fetch Requests without a body became: clients repeat themselves, and to compare the texts takes a fraction of what
 * it takes to make the guest's bytes of them. For hosts that tell nothing of a request but the client's address.
 */
export class PlanMemory {
  /** The one seen last comes first. */
  private readonly known: KnownPlan[] = [];
  /** Of the request in hand. */
  private fields: string[] = [];
  private remoteAddress: string | undefined;
  private readonly addField = (value: string, name: string): void => void this.fields.push(name, value);

  /** The plan of a request like this one, or null; then add() may follow. */
  find(request: Request, info: ClientInfo): RequestPlan | null {
    const { method, url } = request, { known } = this;
    this.remoteAddress = info.remoteAddress;
    this.fields = [];
    request.headers.forEach(this.addField);
    for (let i = 0; i < known.length; i++) {
      const candidate = known[i];
      if (candidate.url !== url || candidate.method !== method || candidate.remoteAddress !== this.remoteAddress) {
        continue;
      }
      if (!areEqual(candidate.fields, this.fields)) continue;
      if (i > 0) {
        known.copyWithin(1, 0, i);
        known[0] = candidate;
      }
      return candidate.plan;
    }
    return null;
  }

  /** Keeps the plan of the request that find() did not know. */
  add({ method, url }: Request, plan: RequestPlan): void {
    const { fields, remoteAddress, known } = this;
    let characters = url.length;
    for (const text of fields) characters += text.length;
    if (characters > CHARACTERS_MAX) return;
    if (known.length === PLANS_MAX) known.pop();
    known.unshift({ method, url, remoteAddress, fields, plan });
  }
}

function areEqual(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
