/**
 * Lanes that talk to the store at once. A worker may be given hundreds of partitions in one assignment: asked all together, they
 * would be refused by the store's bound of waiting calls, and the worker could never begin.
 */
const lanesAtOnce = 8;

/**
 * All of them, a few at once. After a failure none begins, and those that began have ended when it is thrown: what goes on behind a failed
 * assignment would meet the next one's.
 */
export async function allOf<A, B>(items: readonly A[], work: (item: A) => Promise<B>, most = lanesAtOnce): Promise<B[]> {
  const results: B[] = new Array(items.length);
  const failures: { readonly at: number; readonly cause: unknown }[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const at = next++;
      try {
        results[at] = await work(items[at] as A);
      } catch (cause) {
        failures.push({ at, cause });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, one));
  const [first] = failures.toSorted((a, b) => a.at - b.at);
  if (first) throw first.cause;
  return results;
}
