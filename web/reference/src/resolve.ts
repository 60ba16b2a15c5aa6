/** References of a document to parts of itself, followed. Swagger UI's own resolver reads the whole document anew for
 * every call that is opened: a second or two each, for what is a look into a map. */

/** A JSON pointer's steps: `#/components/schemas/Payment` has three. */
function steps(reference: string): string[] {
  return reference
    .slice(2)
    .split('/')
    .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'));
}

function at(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inside, step) => (inside as Record<string, unknown> | undefined)?.[step],
    document,
  );
}

/**
 * What stands at the path, with the document's own parts in place of the references to them. A reference stays where it
 * is when it names what it stands in, another document, or nothing.
 */
export function resolved(document: unknown, path: readonly string[]): unknown {
  const follow = (part: unknown, within: readonly string[]): unknown => {
    if (Array.isArray(part)) return part.map((item) => follow(item, within));
    if (typeof part !== 'object' || part === null) return part;
    const { $ref: reference, ...beside } = part as Record<string, unknown>;
    if (typeof reference === 'string' && reference.startsWith('#/') && !within.includes(reference)) {
      const named = at(document, steps(reference));
      if (named !== undefined) return { ...(follow(named, [...within, reference]) as object), ...beside };
    }
    return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, follow(value, within)]));
  };
  return follow(at(document, path), []);
}
