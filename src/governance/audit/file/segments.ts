import { constants, type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Segment files are named by the sequence number of their first record. */
export const segmentName = (seq: number): string => `audit-${String(seq).padStart(15, '0')}.jsonl`;

/** Paths of the segments, oldest first. */
export async function segments(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
    return [];
  });
  return names
    .filter((name) => /^audit-\d{15}\.jsonl$/.test(name))
    .sort()
    .map((name) => join(dir, name));
}

/** The file of the segment that begins with `seq`, empty; one that an earlier try left empty is taken. */
export async function createSegment(dir: string, seq: number): Promise<FileHandle> {
  const file = await open(join(dir, segmentName(seq)), constants.O_RDWR | constants.O_CREAT, 0o600);
  if (process.platform !== 'win32') {
    const folder = await open(dir, 'r');
    await folder.sync().finally(() => folder.close());
  }
  return file;
}

const block = 1024 * 1024;

/** The lines of a file in order, with whether each one has its line break. Reads 1 MiB at a time. */
export async function* lines(path: string): AsyncGenerator<{ readonly line: Buffer; readonly whole: boolean }> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(block);
    let rest: Buffer[] = [];
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, block);
      if (bytesRead === 0) break;
      const read = buffer.subarray(0, bytesRead);
      let from = 0;
      for (let at = read.indexOf(10); at >= 0; at = read.indexOf(10, from)) {
        rest.push(read.subarray(from, at));
        yield { line: Buffer.concat(rest), whole: true };
        rest = [];
        from = at + 1;
      }
      if (from < bytesRead) rest.push(Buffer.from(read.subarray(from)));
    }
    if (rest.length > 0) yield { line: Buffer.concat(rest), whole: false };
  } finally {
    await file.close();
  }
}

/** The last whole line of a file and where it ends; bytes behind that are a torn line. */
export async function lastLine(
  file: FileHandle,
): Promise<{ readonly line: Buffer | undefined; readonly end: number; readonly size: number }> {
  const { size } = await file.stat();
  let tail = Buffer.alloc(0);
  let from = size;
  // Backward until two line breaks are in sight: the one that ends the line and the one before it.
  for (;;) {
    const end = tail.lastIndexOf(10);
    const begin = end > 0 ? tail.lastIndexOf(10, end - 1) : -1;
    if (begin >= 0 || from === 0) {
      if (end < 0) return { line: undefined, end: 0, size };
      return { line: tail.subarray(begin + 1, end), end: from + end + 1, size };
    }
    const length = Math.min(64 * 1024, from);
    const part = Buffer.alloc(length);
    await file.read(part, 0, length, from - length);
    from -= length;
    tail = Buffer.concat([part, tail]);
  }
}
