import { Mailbox } from './mailbox.ts';

/** Kept at rest where patients do not come back soon. */
const fewest = 64;
/** After so many times with the fewest it is tried again whether they come back. */
const tryAgain = 64;

/**
 * The patients of one lane name in one partition who have something under way, and some who had a moment ago. With a mailbox made
 * and thrown away for each record, this map was laid out anew every few hundred records; each layout that was let go kept the next
 * one and its mailboxes from the collector of young objects, until a full collection. Where patients are so many that few come back
 * before they are forgotten, keeping them is what makes objects old: then hardly any are kept.
 *
 * Invariant: at most one mailbox a key stands in it. One that rests is idle, and nothing of it counts but its key: it may be
 * forgotten at any time, and whoever still holds it finds it `gone`.
 */
export class Mailboxes {
  #all = new Map<string, Mailbox>();
  #resting = 0;
  /** Since some were forgotten: those that were made, and those that had rested. */
  #made = 0;
  #woken = 0;
  /** Times in a row that too few came back; 0: as many rest as may. */
  #strangers = 0;
  readonly #mostResting: () => number;

  /** `mostResting`: of those at rest that are kept, beside as many as are not at rest. */
  constructor(mostResting: () => number) {
    this.#mostResting = mostResting;
  }

  /** At rest or not. */
  get(key: string): Mailbox | undefined {
    return this.#all.get(key);
  }

  values(): Iterable<Mailbox> {
    return this.#all.values();
  }

  /** The patient's, not at rest any more; undefined: there is none. */
  wake(key: string): Mailbox | undefined {
    const mailbox = this.#all.get(key);
    if (mailbox?.rests) {
      mailbox.rests = false;
      this.#resting--;
      this.#woken++;
    }
    return mailbox;
  }

  /** One for a patient that has none. */
  add(key: string): Mailbox {
    const mailbox = new Mailbox(key);
    this.#all.set(key, mailbox);
    this.#made++;
    return mailbox;
  }

  /** Nothing is under way for the patient. */
  rest(mailbox: Mailbox): void {
    if (mailbox.rests || mailbox.gone) return;
    mailbox.rests = true;
    mailbox.lastError = undefined;
    mailbox.alone = false;
    this.#resting++;
    const most = this.#strangers > 0 ? Math.min(fewest, this.#mostResting()) : this.#mostResting();
    if (this.#resting > most && this.#resting * 2 > this.#all.size) this.#forget();
  }

  delete(mailbox: Mailbox): void {
    if (mailbox.gone) return;
    mailbox.gone = true;
    if (mailbox.rests) this.#resting--;
    this.#all.delete(mailbox.key);
  }

  clear(): void {
    for (const mailbox of this.#all.values()) mailbox.gone = true;
    this.#all.clear();
    this.#resting = 0;
  }

  /** All at once, into a new map: each is looked at about once for each that came to rest. */
  #forget(): void {
    const all = new Map<string, Mailbox>();
    for (const [key, mailbox] of this.#all) {
      if (mailbox.rests && mailbox.idle) {
        mailbox.gone = true;
        continue;
      }
      mailbox.rests = false;
      all.set(key, mailbox);
    }
    this.#all = all;
    this.#resting = 0;
    this.#strangers = this.#woken * 4 >= this.#made ? 0 : (this.#strangers + 1) % tryAgain;
    this.#made = this.#woken = 0;
  }
}
