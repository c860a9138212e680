import { after, before, describe } from 'node:test';
import type { Log } from '../../src/log/port.ts';
import { appendTests } from './conformance/append.ts';
import { assignmentTests } from './conformance/assignment.ts';
import { deliveryTests } from './conformance/delivery.ts';
import { groupTests } from './conformance/group.ts';
import { topicTests } from './conformance/topics.ts';

/** One log on the adapter's real store; the suite makes its own topics and groups in it, under unique names. */
export interface LogStore {
  /** Opens the log. Called again after the suite closed it: what was appended must still be there. */
  open(): Promise<Log>;
  /** Removes what the suite made (`topics`), or the whole store; the log is closed by then. */
  remove(topics: readonly string[]): Promise<void>;
}

/** What each part of the suite gets. */
export interface Subject {
  readonly log: Log;
  /** Closes the log and opens it anew on the same store. */
  reopen(): Promise<void>;
  /** A topic name that no other run uses; removed at the end. */
  topicName(suffix?: string): string;
  /** A new topic with 8 days of retention. */
  topic(partitions: number): Promise<string>;
}

/** Port **Log**: the one suite that every adapter passes. Call it at the top of a test file. */
export function logConformance(name: string, create: () => Promise<LogStore>): void {
  describe(`Log on ${name}`, () => {
    const topics: string[] = [];
    const run = Math.random().toString(36).slice(2, 10);
    let store: LogStore;
    const subject = {
      log: undefined as unknown as Log,
      async reopen() {
        await subject.log.close();
        subject.log = await store.open();
      },
      topicName(suffix = '') {
        const topic = `conformance.${run}.${topics.length}${suffix}`;
        topics.push(topic);
        return topic;
      },
      async topic(partitions: number) {
        const topic = subject.topicName();
        await subject.log.ensureTopics([{ name: topic, partitions, retentionMs: 8 * 86_400_000 }]);
        return topic;
      },
    };
    before(async () => {
      store = await create();
      subject.log = await store.open();
    });
    after(async () => {
      await subject.log.close();
      await store.remove(topics);
    });
    topicTests(subject);
    appendTests(subject);
    deliveryTests(subject);
    assignmentTests(subject);
    groupTests(subject);
  });
}
