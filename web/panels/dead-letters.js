import { call } from '../api.js';
import { h, say, sync } from '../dom.js';
import { lasting, number } from '../time.js';

/** Dead letters of tolerant flows, newest first, the way back into their flow, and flows that they stopped. Shown when there is one. */
export function showDeadLetters(root, { confirm, changed }) {
  let answer;
  const asked = new Set();
  const brakes = h('div', {});
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const empty = h('p', { class: 'empty' }, 'Reading the dead letters.');
  const list = h('ul', { class: 'rows' });
  const more = h('p', { class: 'muted small', hidden: true });
  root.append(h('div', { class: 'heading' }, h('h2', { id: 'dead-letters-title' }, 'Dead letters')), problem, brakes, empty, list, more);

  const ask = async (path, body, what) => {
    problem.hidden = true;
    try {
      const answered = await call(path, { method: 'POST', body });
      changed();
      return answered;
    } catch (thrown) {
      problem.hidden = false;
      say(problem, `${what}: ${thrown.message}`);
      return undefined;
    }
  };
  const idOf = (letter) => `${letter.flow}/${letter.id}`;

  async function redrive(letter) {
    asked.add(idOf(letter));
    render();
    if (!(await ask('/api/ops/dlq/redrive', { flow: letter.flow, ids: [letter.id] }, 'Not redriven'))) asked.delete(idOf(letter));
    render();
  }

  function askRelease({ flow, deadLetters, records }) {
    const go = h('button', { type: 'button', class: 'primary' }, 'Release');
    go.addEventListener('click', async () => {
      confirm.close();
      await ask('/api/ops/dlq/release', { flow }, 'Not released');
    });
    confirm.replaceChildren(
      h('h2', { id: 'confirm-title' }, `Release the brake of ${flow}?`),
      h(
        'p',
        {},
        `It stopped after ${number(deadLetters)} dead letters of ${number(records)} records. If the cause is still there, it stops again.`,
      ),
      h('div', { class: 'buttons' }, h('button', { type: 'button', onclick: () => confirm.close() }, 'Leave it'), go),
    );
    confirm.showModal();
  }

  const make = () => {
    const node = h(
      'li',
      { class: 'row' },
      h('div', { class: 'row-main' }, h('p', {}), h('p', { class: 'muted small' })),
      h('button', { type: 'button', class: 'small' }, 'Redrive'),
    );
    node.lastChild.addEventListener('click', () => redrive(node.letter));
    return node;
  };
  const update = (node, letter) => {
    node.letter = letter;
    const [what, where] = node.firstChild.children;
    say(what, `${letter.code} at ${letter.operator}`);
    const again = letter.redrives > 0 ? `redriven ${letter.redrives} times` : '';
    say(where, [letter.flow, letter.source, `${lasting(Date.now() - letter.at)} ago`, again].filter(Boolean).join(' · '));
    node.lastChild.disabled = asked.has(idOf(letter));
    say(node.lastChild, node.lastChild.disabled ? 'Requested' : 'Redrive');
    node.lastChild.setAttribute('aria-label', `Redrive dead letter ${letter.id} of ${letter.flow}`);
  };
  const makeBrake = (brake) =>
    h(
      'p',
      { class: 'problem' },
      `${brake.flow} stands still: its dead-letter brake is on. `,
      h('button', { type: 'button', class: 'small', onclick: () => askRelease(brake) }, 'Release…'),
    );

  function render() {
    if (!answer) return;
    const { letters, count } = answer;
    root.hidden = letters.length === 0 && answer.brakes.length === 0;
    empty.hidden = letters.length > 0;
    say(empty, 'There are none: no flow gave a record up.');
    more.hidden = count <= letters.length;
    say(more, `${number(count - letters.length)} older ones; \`aorta dlq ls\` has them.`);
    sync(list, letters, { key: idOf, make, update });
    sync(brakes, answer.brakes, { key: (brake) => `${brake.flow}/${brake.at}`, make: makeBrake });
  }

  return {
    show(next) {
      answer = next;
      render();
    },
    tick: render,
  };
}
