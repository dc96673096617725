/** House rules that deno lint has no rule for. */

/** Source of the line, without its commands and tests. */
function isStation(file: string): boolean {
  return /\/src\/(?!cli\/)/.test(file) && !/_(test|bench)\.ts$|\/_[^/]*$/.test(file);
}

const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    /** Stations are quiet: what there is to say goes through the Host, or back to the caller. */
    "no-console": {
      create(context) {
        if (!isStation(context.filename)) return {};
        return {
          'MemberExpression[object.name="console"]'(node) {
            context.report({
              node,
              message: "A station does not write to the console: use Host.log, or tell the caller.",
            });
          },
        };
      },
    },
    /** One name for a thing, wherever it is imported. */
    "no-default-export": {
      create(context) {
        if (!isStation(context.filename)) return {};
        return {
          ExportDefaultDeclaration(node) {
            context.report({ node, message: "Export by name." });
          },
        };
      },
    },
    /** Enums are code that types do not show; tables and unions do without. */
    "no-enum": {
      create(context) {
        return {
          TSEnumDeclaration(node) {
            context.report({ node, message: "Use a union of strings, or constants." });
          },
        };
      },
    },
  },
};

export default plugin;
