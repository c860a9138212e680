import { error } from '../../errors/index.ts';

/** Characters of one event, and of a whole answer: far above any, and bounded. */
const longestLine = 64 * 1024;
const longestAnswer = 4 * 1024 * 1024;

/** The `data` fields of a server-sent stream of events with one line each (WHATWG HTML, 9.2). Leaving it cancels it. */
export async function* dataLines(body: ReadableStream<Uint8Array>, heard: () => void): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let [rest, total] = ['', 0];
  for await (const bytes of body) {
    heard();
    total += bytes.length;
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    if (rest.length > longestLine || total > longestAnswer)
      throw error('AORTA_MODEL_001', { provider: 'given', problem: 'the answer is too large' });
    for (const line of lines) if (line.startsWith('data:')) yield line.slice(5).trim();
  }
  if (rest.startsWith('data:')) yield rest.slice(5).trim();
}
