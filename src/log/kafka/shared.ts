/**
 * One question for all who ask it at the same time: an assignment of n partitions asks n times where its topic ends, and each
 * answer has all n of them. Who asks while a question is under way gets the answer to the next one, never one that is older
 * than the call: a partition's end read before its claim may lie below what the last owner has applied since.
 */
export function shared<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const lines = new Map<string, { current: Promise<unknown>; next: Promise<T> | undefined }>();
  return (key) => {
    const line = lines.get(key) ?? { current: Promise.resolve(), next: undefined };
    lines.set(key, line);
    line.next ??= line.current.then(() => {
      line.next = undefined;
      const answer = ask(key);
      const settled = (): void => {
        if (!line.next) lines.delete(key);
      };
      line.current = answer.then(settled, settled);
      return answer;
    });
    return line.next;
  };
}
