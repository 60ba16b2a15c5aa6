import { NotPokea } from './errors.ts';
import { KEY_HEADER } from './performing.ts';
import type { paths } from './schema.ts';

export const MOST_LISTED = 100;

/** A part of a list. `nextCursor` leads to the next part, and is null on the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** One key for one call, kept over all its attempts; give your own, made of your order's id, to survive a crash. */
export interface Keyed {
  readonly idempotencyKey?: string;
}

export type Body<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  requestBody?: { content: { 'application/json': infer B } };
}
  ? B
  : never;

/** All items of a list, asked for page by page as they are taken. */
export async function* all<T>(
  page: (cursor: { cursor?: string }) => Promise<Page<T>>,
): AsyncGenerator<T, void> {
  let cursor: { cursor?: string } | undefined = {};
  while (cursor) {
    const found: Page<T> = await page(cursor);
    yield* found.items;
    cursor = found.nextCursor === null ? undefined : { cursor: found.nextCursor };
  }
}

/** What stands under a name in an answer. Throws NotPokea for an answer without it. */
export function under<A extends object, N extends keyof A>(
  answer: { data?: A; response: Response },
  name: N,
): A[N] {
  const found = answer.data?.[name];
  if (found === undefined) {
    throw new NotPokea('The answer cannot be read: it is not in the form of Pokea.', answer.response.status);
  }
  return found;
}

/** The part of a list in an answer. Throws NotPokea for an answer without it. */
export function pageOf<A extends { nextCursor: string | null }, N extends keyof A>(
  answer: { data?: A; response: Response },
  name: N,
): { readonly items: A[N]; readonly nextCursor: string | null } {
  return { items: under(answer, name), nextCursor: under(answer, 'nextCursor') };
}

/** What a call with a key has besides its body: the key, and the ids in its path. */
export function keyed(key?: string): { params: { header: { [KEY_HEADER]: string } } };
export function keyed<P extends Record<string, string>>(
  key: string | undefined,
  ids: P,
): { params: { header: { [KEY_HEADER]: string }; path: P } };
export function keyed(key: string = crypto.randomUUID(), ids: Record<string, string> = {}): object {
  if (!/^[ -~]{1,255}$/.test(key))
    throw new TypeError('An idempotency key has 1 to 255 printable ASCII characters.');
  return { params: { header: { [KEY_HEADER]: key }, ...path(ids).params } };
}

/** The ids in a path. Throws TypeError for an empty one, with which another address would be called. */
export function path<P extends Record<string, string>>(found: P): { params: { path: P } } {
  if (Object.values(found).some((id) => ['', '.', '..'].includes(id)))
    throw new TypeError('The id is empty.');
  return { params: { path: found } };
}

type Given<T> = { [N in keyof T]: Exclude<T[N], undefined> };
/** What is not undefined. */
export function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}

/** A day or an instant as the API takes it. */
export function text<T extends null | undefined>(moment: string | Date | T): string | T {
  return moment instanceof Date ? moment.toISOString() : moment;
}
