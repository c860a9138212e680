import { call } from '../api.js';
import { h, say, sync } from '../dom.js';
import { lasting, number } from '../time.js';

/** Patients whose messages wait for a later try or for an operator, and the way to try them again. */
export function showHeld(root, { open, confirm, nameOf }) {
  let answer;
  /** Keys asked for: until the list says something new about them. */
  const asked = new Map();
  const all = h('button', { type: 'button', class: 'small', hidden: true, onclick: () => askAll() }, 'Redrive all…');
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const list = h('ul', { class: 'rows' });
  const empty = h('p', { class: 'empty' }, 'Reading the held list.');
  const more = h('p', { class: 'muted small', hidden: true });
  root.append(h('div', { class: 'heading' }, h('h2', { id: 'held-title' }, 'Held patients'), all), problem, empty, list, more);

  const fail = (text) => {
    problem.hidden = !text;
    say(problem, text);
  };
  const redrive = async (body) => {
    fail('');
    try {
      return await call('/api/ops/parked/redrive', { method: 'POST', body });
    } catch (thrown) {
      fail(`Not redriven: ${thrown.message}`);
      return undefined;
    }
  };
  const version = (patient) => `${patient.eventId}/${patient.redrives}/${patient.due}`;
  const idOf = (patient) => `${patient.flow}/${patient.key}`;

  async function redriveOne(patient) {
    asked.set(idOf(patient), version(patient));
    render();
    if (!(await redrive({ flow: patient.flow, key: patient.key, head: patient.head }))) asked.delete(idOf(patient));
    render();
  }

  async function askAll() {
    const flows = [...new Set(answer.patients.map((patient) => patient.flow))];
    const plans = await Promise.all(flows.map((flow) => redrive({ flow, dryRun: true })));
    if (plans.some((plan) => !plan)) return;
    const count = plans.reduce((sum, plan) => sum + plan.patients.length, 0);
    const go = h('button', { type: 'button', class: 'primary' }, 'Redrive');
    go.addEventListener('click', async () => {
      confirm.close();
      for (const flow of flows) await redrive({ flow });
    });
    confirm.replaceChildren(
      h('h2', { id: 'confirm-title' }, 'Redrive all held patients?'),
      h(
        'p',
        {},
        `The first message of ${number(count)} ${count === 1 ? 'patient' : 'patients'} is tried again now; what waits behind it follows in order.`,
      ),
      h('div', { class: 'buttons' }, h('button', { type: 'button', onclick: () => confirm.close() }, 'Leave them'), go),
    );
    confirm.showModal();
  }

  const make = () => {
    const who = h('button', { type: 'button', class: 'link who' });
    const node = h(
      'li',
      { class: 'row' },
      h('div', { class: 'row-main' }, who, h('p', { class: 'muted small' }), h('p', { class: 'small' })),
      h('button', { type: 'button', class: 'small' }, 'Redrive'),
    );
    who.addEventListener('click', () => open({ patientId: node.patient.key, name: nameOf(node.patient.key) }));
    node.lastChild.addEventListener('click', () => redriveOne(node.patient));
    return node;
  };
  const update = (node, patient) => {
    node.patient = patient;
    node.dataset.key = patient.key;
    const [who, what, when] = node.firstChild.children;
    say(who, nameOf(patient.key) ?? `Patient …${patient.key.slice(-8)}`);
    who.title = patient.key;
    say(
      what,
      [patient.flow, patient.operator && `at ${patient.operator}`, patient.code ?? patient.reason, patient.source]
        .filter(Boolean)
        .join(' · '),
    );
    const behind = patient.count > 1 ? `, ${number(patient.count - 1)} more behind it` : '';
    const now = Date.now();
    const wait = patient.parked ? 'waits for you' : `next try in ${lasting(patient.due - now)}`;
    say(
      when,
      `${wait}; came ${lasting(now - patient.since)} ago${behind}${patient.redrives > 0 ? `; redriven ${patient.redrives} times` : ''}`,
    );
    if (asked.get(idOf(patient)) !== version(patient)) asked.delete(idOf(patient));
    const button = node.lastChild;
    button.disabled = asked.has(idOf(patient));
    say(button, button.disabled ? 'Requested' : 'Redrive');
    button.setAttribute('aria-label', `Redrive ${who.textContent}`);
  };
  function render() {
    if (!answer) return;
    const { patients, count } = answer;
    empty.hidden = patients.length > 0;
    say(empty, 'Nobody is held: every patient’s messages are applied in order.');
    all.hidden = patients.length < 2;
    more.hidden = count <= patients.length;
    say(more, `${number(count - patients.length)} more are not shown; \`aorta parked ls\` has them.`);
    sync(list, patients, { key: idOf, make, update });
  }

  return {
    show(next) {
      answer = next;
      render();
    },
    tick: render,
  };
}
