import type { Chance } from '../support/chance.ts';
import type { Load, Sent } from './load.ts';

/** From now on each fifth entry comes again as another record: half of them among the next ones, half any time later. */
export function repeats(load: Load, random: Chance): { readonly count: number } {
  const soon: Sent[] = [];
  const append = load.append.bind(load);
  let count = 0;
  let seen = load.sent.length;
  load.append = async (batch) => {
    await append(batch);
    for (; seen < load.sent.length; seen++) {
      if (random.next() < 0.2) soon.push(load.sent[random.next() < 0.5 ? seen : random.below(seen + 1)] as Sent);
    }
    if (soon.length < 20) return;
    const again = soon.splice(0);
    count += again.length;
    await append(again.map((sent) => load.again(sent)));
  };
  return {
    get count() {
      return count;
    },
  };
}
