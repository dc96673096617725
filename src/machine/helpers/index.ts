import { HELPERS } from "../../ir/helpers.ts";
import { bug } from "../../errors.ts";
import { floatOperationHelpers } from "./float_operation.ts";
import { integerHelpers } from "./integer.ts";
import { protectionHelpers } from "./protection.ts";
import type { HelperBody } from "./types.ts";
import { vectorHelpers } from "./vector.ts";
import { x87Helpers } from "./x87.ts";

/** Bodies by name; each family adds its own. */
const BODIES: Record<string, HelperBody> = {
  ...floatOperationHelpers,
  ...integerHelpers,
  ...protectionHelpers,
  ...vectorHelpers,
  ...x87Helpers,
};

/** Bodies by helper number. One that is declared and not written yet fails when it is called, by name. */
export const helperBodies: readonly HelperBody[] = HELPERS.map(({ name }) =>
  BODIES[name] ?? (() => {
    throw bug(`helper ${name} has no body`);
  })
);
