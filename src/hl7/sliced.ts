/**
 * Long work over bytes (digest, transcoding, charset check) is written as a generator that yields after each slice:
 * `atOnce` runs it to its end, `inTurns` lets other connections have the event loop between slices.
 */
export type Sliced<T> = Generator<void, T, void>;

/** Bytes of one slice: about a millisecond of work. */
export const sliceBytes = 512 * 1024;

export function atOnce<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** `soon` calls its argument after the I/O that is ready now. */
export async function inTurns<T>(work: Sliced<T>, soon: (fn: () => void) => void = setImmediate): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await new Promise<void>((resolve) => soon(resolve));
  }
}
