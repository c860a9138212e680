import { say } from '../dom.js';
import { clockOf } from '../time.js';

/** Whether what is shown is live. */
export function showState({ chip, outage }) {
  let current = 'connecting';
  const show = (name) => {
    if (name === 'lost' && current !== 'lost') {
      say(
        outage,
        `The server has not answered since ${clockOf(Date.now())}. What you see is as of then; this page keeps trying to reach it.`,
      );
    }
    current = name;
    outage.hidden = name !== 'lost';
    document.body.classList.toggle('stale', name === 'lost');
    chip.dataset.level = { live: 'good', lost: 'bad', connecting: 'quiet' }[name];
    say(chip, { live: 'live', lost: 'reconnecting', connecting: 'connecting' }[name]);
  };
  show('connecting');
  return { show, current: () => current };
}

/** Liveness and readiness of the worker that serves this page. */
export function showHealth(chip) {
  return {
    show(alive, ready) {
      const set = (level, text, why = '') => {
        chip.dataset.level = level;
        chip.title = why;
        say(chip, text);
      };
      if (!ready.reached) return set('bad', 'no answer', 'Neither /healthz nor /readyz answers.');
      if (!alive.ok) {
        const overdue = alive.overdue ?? [];
        return set(
          'bad',
          `${overdue.length} stuck`,
          overdue.map((wait) => `${wait.flow} ${wait.topic}/${wait.partition}: ${wait.message}`).join('\n'),
        );
      }
      if (!ready.ok) return set('warn', 'not ready', `Waits for: ${(ready.problems ?? []).join(', ')}`);
      set('good', 'ready', 'Everything old that is not settled has a known reason within its bound.');
    },
  };
}
