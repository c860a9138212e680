import { EMPTY, from, type Observable } from 'rxjs';
import type { Step, Turn } from './turn.ts';

/** Runs `run(0)`, `run(1)`, …, each after the one before has ended; a promise only if one of them gives one. */
export function sequence(count: number, run: (index: number) => void | Promise<void>): void | Promise<void> {
  for (let index = 0; index < count; index++) {
    const pending = run(index);
    if (pending) return remaining(pending, index + 1, count, run);
  }
}

async function remaining(
  pending: Promise<void>,
  start: number,
  count: number,
  run: (index: number) => void | Promise<void>,
): Promise<void> {
  await pending;
  for (let index = start; index < count; index++) {
    const next = run(index);
    if (next) await next;
  }
}

/** N values take the place of one: none is a skip, one reuses its acknowledgement, more are derived before the first runs. */
export function fanOut(node: string, values: readonly unknown[], reason: string, next: Step<unknown>, turn: Turn): void | Promise<void> {
  if (values.length === 0) return turn.skip(node, reason);
  if (values.length === 1) return next(values[0], turn);
  turn.derive(values.length);
  return sequence(values.length, (index) => next(values[index], turn));
}

/** The reference form of `fanOut`. */
export function rxFanOut(node: string, values: readonly unknown[], reason: string, turn: Turn): Observable<unknown> {
  if (values.length === 0) {
    turn.skip(node, reason);
    return EMPTY;
  }
  if (values.length > 1) turn.derive(values.length);
  return from(values);
}
