import { type AortaError, error } from '../errors/index.ts';
import type { StateWrite } from '../state/port.ts';
import type { CommitItem } from './group-commit.ts';
import type { EnginePorts } from './options.ts';
import type { EngineTurn } from './turn.ts';

const version = 1;

/**
 * Responses of calls with `journal: true`, under their idempotency key. Written in a transaction of its own before
 * anything later runs, so that a retry or crash behind the call finds it; removed in the transaction in which the root
 * settles. Both carry the lane's epoch: an owner of the past writes none.
 */
export class Journal {
  readonly #flow: string;
  readonly #ports: EnginePorts;

  constructor(flow: string, ports: EnginePorts) {
    this.#flow = flow;
    this.#ports = ports;
  }

  async read(turn: EngineTurn, node: string, key: string): Promise<{ readonly value: unknown } | undefined> {
    const [row] = await this.#ports.state.states(this.#flow, storeOf(node), [key]);
    if (!row) return undefined;
    this.#removeWith(turn, node, key);
    return { value: (JSON.parse(row.value.toString()) as { value?: unknown }).value };
  }

  async write(turn: EngineTurn, node: string, key: string, value: unknown): Promise<void> {
    const bytes = encoded(node, value);
    await new Promise<void>((resolve, reject) => {
      const item: CommitItem = {
        ...turn.lane.mark({}, resolve),
        states: [{ store: storeOf(node), key, value: bytes, version, source: turn.source }],
        size: bytes.length + 256,
        rejected: reject,
      };
      turn.lane.host.commit(item);
    });
    this.#removeWith(turn, node, key);
  }

  /** When the root settles for good, whichever turn that is: one that goes on, or one that gives it up. */
  #removeWith(turn: EngineTurn, node: string, key: string): void {
    const removal: StateWrite = { store: storeOf(node), key, value: null, version, source: turn.source };
    const known = turn.root.journaled ?? [];
    const journaled = [...known.filter((other) => other.store !== removal.store || other.key !== key), removal];
    turn.ownSteps.journaled = journaled;
    turn.root.journaled = journaled;
  }
}

/** No node has such a name: a colon is not in their alphabet, and derived ids do not begin so. */
const storeOf = (node: string): string => `journal:${node}`;

/** A response that would come back as something else is refused while its author can see it: AORTA_GUARD_010. */
function encoded(node: string, value: unknown): Buffer {
  const refuse = (problem: string): AortaError => error('AORTA_GUARD_010', { node, problem });
  const seen: object[] = [];
  const check = (part: unknown): void => {
    if (part === null || part === undefined || typeof part === 'string' || typeof part === 'boolean') return;
    if (typeof part === 'number') {
      if (!Number.isFinite(part)) throw refuse('it holds a number that JSON has not');
      return;
    }
    if (typeof part !== 'object') throw refuse(`it holds a ${typeof part}`);
    // Decoded records are of classes and plain all the same; what shows nothing of itself (Map, Response, Error) is not.
    const plain = Array.isArray(part) || Object.getPrototypeOf(part) === Object.prototype || Object.getPrototypeOf(part) === null;
    if ('toJSON' in part || (!plain && Object.keys(part).length === 0)) {
      throw refuse(`it holds an object of class ${(part as object).constructor?.name ?? 'unknown'}`);
    }
    if (seen.includes(part)) throw refuse('it refers to itself');
    seen.push(part);
    for (const inner of Object.values(part)) check(inner);
    seen.pop();
  };
  check(value);
  return Buffer.from(JSON.stringify({ value }));
}
