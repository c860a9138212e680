import { call } from '../api.js';
import { h, say, sync } from '../dom.js';
import { events } from '../stream.js';
import { clockOf } from '../time.js';

const levels = { queued: 'quiet', running: 'quiet', succeeded: 'good', failed: 'bad', cancelled: 'warn' };
const pollMs = 1000;

/** Asks about a patient and shows the answer as it comes; asks for drafts and follows their jobs. Beside a sandbox EHR. */
export async function showAssist(section) {
  const { patients } = await call('/api/sandbox/patients');
  const patient = h(
    'select',
    { id: 'assist-patient' },
    patients.map(({ id, name }) => h('option', { value: id }, name)),
  );
  const prompt = h('input', { id: 'assist-prompt', type: 'text', maxlength: 500, value: 'Which results are abnormal?' });
  const ask = h('button', { type: 'submit', class: 'small' }, 'Ask');
  const stop = h('button', { type: 'button', class: 'small', hidden: true }, 'Stop');
  const draft = h('button', { type: 'button', class: 'small' }, 'Draft a discharge summary');
  const said = h('p', { class: 'muted small', role: 'status' });
  const answer = h('p', { class: 'card-detail', id: 'assist-answer', hidden: true });
  const list = h('ul', { class: 'rows', id: 'jobs', 'aria-label': 'Drafts that were asked for here' });
  const field = (id, text, control) => h('p', {}, h('label', { for: id, class: 'muted small' }, text), ' ', control);
  const form = h(
    'form',
    { class: 'cds-form' },
    field('assist-patient', 'Patient', patient),
    field('assist-prompt', 'Question', prompt),
    ask,
    stop,
    draft,
  );
  let reading;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    reading = new AbortController();
    ask.disabled = true;
    stop.hidden = false;
    answer.hidden = false;
    answer.textContent = '';
    const started = performance.now();
    let first;
    say(said, 'Reading the chart.');
    try {
      for await (const each of events('/api/assist', { patientId: patient.value, prompt: prompt.value }, reading.signal)) {
        if (each.type === 'error') throw new Error(each.message);
        first ??= performance.now() - started;
        answer.append(each.content);
        say(said, `First words after ${Math.round(first)} ms.`);
      }
    } catch (thrown) {
      say(said, reading.signal.aborted ? 'Stopped.' : thrown.message);
    } finally {
      ask.disabled = false;
      stop.hidden = true;
    }
  });
  stop.addEventListener('click', () => reading?.abort());

  /** Jobs that this page asked for, newest first. */
  const jobs = [];
  const open = ({ status }) => status === 'queued' || status === 'running';
  const show = () =>
    sync(list, jobs, {
      key: ({ id }) => id,
      make: (job) => {
        const cancel = h('button', { type: 'button', class: 'small' }, 'Cancel');
        cancel.addEventListener('click', () => replace(job.id, () => call(`/api/jobs/${job.id}`, { method: 'DELETE' })));
        return h(
          'li',
          { class: 'row' },
          h(
            'div',
            { class: 'row-main' },
            h('p', {}, h('span', { class: 'chip' }), ' ', h('strong', {}, job.name), ' ', h('span', { class: 'muted small' })),
            h('details', { hidden: true }, h('summary', {}, 'The draft, not reviewed'), h('p', { class: 'small card-detail' })),
          ),
          cancel,
        );
      },
      update: (node, job) => {
        const chip = node.querySelector('.chip');
        chip.dataset.level = levels[job.status];
        say(chip, job.status);
        const how = open(job)
          ? `${job.progress} %${job.phase ? `, ${job.phase}` : ''}`
          : (job.result?.document?.reference ?? job.code ?? '');
        say(node.querySelector('.muted'), `asked at ${clockOf(Date.parse(job.requestedAt))} ${how}`);
        const text = job.result?.text;
        node.querySelector('details').hidden = text === undefined;
        say(node.querySelector('.card-detail'), text ?? '');
        node.querySelector('button').hidden = !open(job);
      },
    });
  /** The key of each patient's draft that has not ended: until then asking again is the same job, also by a double click. */
  const keys = new Map();
  const forget = (job) => {
    if (job && !open(job) && keys.get(job.patientId) === job.key) keys.delete(job.patientId);
  };
  async function replace(id, work) {
    try {
      const now = await work();
      const at = jobs.findIndex((job) => job.id === id);
      if (at >= 0) jobs[at] = { ...jobs[at], ...now };
      forget(jobs[at]);
    } catch (thrown) {
      say(said, thrown.message);
    }
    show();
  }
  draft.addEventListener('click', async () => {
    const name = patient.selectedOptions[0]?.textContent ?? '';
    const patientId = patient.value;
    const key = keys.get(patientId) ?? String(crypto.getRandomValues(new BigUint64Array(2)));
    keys.set(patientId, key);
    try {
      const headers = { 'idempotency-key': key };
      const asked = await call('/api/jobs', { method: 'POST', headers, body: { type: 'clinical-draft', patientId } });
      const job = { ...asked, name, key };
      const at = jobs.findIndex(({ id }) => id === job.id);
      if (at >= 0) jobs[at] = job;
      else jobs.unshift(job);
      forget(job);
      jobs.length = Math.min(jobs.length, 20);
      show();
    } catch (thrown) {
      say(said, thrown.message);
    }
  });
  setInterval(() => {
    if (document.hidden) return;
    for (const { id } of jobs.filter(open)) void replace(id, () => call(`/api/jobs/${id}`));
  }, pollMs);

  section.append(
    h(
      'div',
      { class: 'heading' },
      h('h2', { id: 'assist-title' }, 'Answers and drafts'),
      h('p', { class: 'muted' }, 'written by the model, from the chart at the sandbox EHR'),
    ),
    form,
    said,
    answer,
    list,
  );
  section.hidden = false;
}
