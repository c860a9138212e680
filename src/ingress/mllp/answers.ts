import type { Socket } from 'node:net';
import type { Clock } from '../../clock/clock.ts';
import { framed } from './framer.ts';

interface Place {
  done: boolean;
  answer: Buffer | undefined;
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

  /** Takes the next place; its answer is given later, or undefined for none. */
  place(): (answer: Buffer | undefined) => void {
    const place: Place = { done: false, answer: undefined };
    this.#places.push(place);
    return (answer) => {
      place.done = true;
      place.answer = answer;
      this.#write();
    };
  }

  #write(): void {
    if (!this.#places[0]?.done) return;
    const socket = this.#socket;
    socket.cork();
    while (this.#places[0]?.done) {
      const answer = this.#places.shift()?.answer;
      if (!answer || socket.destroyed || socket.writableEnded) continue;
      if (!socket.write(framed(answer))) this.unreadSince ??= this.#clock.monotonic();
    }
    socket.uncork();
  }
}
