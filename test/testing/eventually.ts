/** Waits until it holds, at most `ms`. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string, ms = 90_000): Promise<void> {
  for (const until = performance.now() + ms; !(await holds()); ) {
    if (performance.now() > until) throw new Error(`not within ${ms / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
