import type { Socket } from 'node:net';
import type { Clock } from '../../clock/clock.ts';
import { framed } from './framer.ts';

interface Place {
  done: boolean;
  answers: readonly Buffer[];
}

/** Answers leave in the order in which their places were taken, whatever the order in which they become ready. */
export class Answers {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #places: Place[] = [];
  /** Since when the peer has left so much unread that no more is written. */
  unreadSince: number | undefined;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('drain', () => {
      this.unreadSince = undefined;
    });
    socket.on('close', () => {
      this.unreadSince = undefined;
    });
  }

  /** Places not written yet. */
  get waiting(): number {
    return this.#places.length;
  }

  /** Takes the next place; its answers are given later: none, one, or two in their order. */
  place(): (answers: readonly Buffer[]) => void {
    const place: Place = { done: false, answers: [] };
    this.#places.push(place);
    return (answers) => {
      place.done = true;
      place.answers = answers;
      this.#write();
    };
  }

  #write(): void {
    if (!this.#places[0]?.done) return;
    const socket = this.#socket;
    socket.cork();
    while (this.#places[0]?.done) {
      for (const answer of this.#places.shift()?.answers ?? []) {
        if (socket.destroyed || socket.writableEnded) continue;
        if (!socket.write(framed(answer))) this.unreadSince ??= this.#clock.monotonic();
      }
    }
    socket.uncork();
  }
}
