/** Levels of arrays and objects. Resources of R4 have about twenty at most, Bundles of them some more. */
const deepest = 100;
/** Members and elements. 4 MiB of ordinary resources have half as many. */
const most = 300_000;

/**
 * What is wrong with JSON before it is parsed, or undefined. `JSON.parse` takes 0.4 s for 4 MB of opening brackets, and
 * holds everybody up meanwhile: what costs more than its size is refused by looking at it once. Linear, and makes nothing.
 */
export function jsonProblem(text: string): string | undefined {
  let [depth, count] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        at = endOfString(text, at + 1);
        if (at < 0) return undefined; // No JSON at all: the parser says so.
        break;
      }
      case 0x5b:
      case 0x7b:
        if (++depth > deepest) return `it is nested more than ${deepest} levels deep`;
        count++;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
      case 0x2c:
        count++;
        break;
    }
    if (count > most) return `it has more than ${most} elements`;
  }
  return undefined;
}

/** Index of the quote that ends the string, or -1. Each backslash is looked at once. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (at - 1 - slashes >= from && text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}
