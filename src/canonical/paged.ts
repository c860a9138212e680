/** As many of a kind as are read at an EHR. */
const most = 2_000;
const pageSize = 500;

interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string | undefined;
}

export interface Paged<T> {
  readonly all: readonly T[];
  /** False: there is more, beyond the bound or behind a page that did not come. */
  readonly whole: boolean;
}

/**
 * What the store has of one kind, page by page, up to 2,000: they come by id, or oldest first, so that a part of them is not
 * the newest. `next` gives undefined where it has no page to give; rejects as it does.
 */
export async function paged<T>(
  next: (page: { readonly limit: number; readonly cursor?: string }) => Promise<Page<T> | undefined>,
): Promise<Paged<T>> {
  const all: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await next({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) });
    if (!page) return { all, whole: false };
    all.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined || all.length >= most) return { all, whole: cursor === undefined };
  }
}
