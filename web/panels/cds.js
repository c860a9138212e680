import { call } from '../api.js';
import { h, say } from '../dom.js';
import { number } from '../time.js';

const levels = { info: 'good', warning: 'warn', critical: 'bad' };

/**
 * What clinicians made of the cards; beside a sandbox EHR also "Call as EHR": opens a chart there and shows the cards that
 * its clinicians would see. True when there is a sandbox.
 */
export async function showCds(section) {
  const { services, sandbox } = await call('/api/ops/cds');
  if (services.length === 0) return sandbox;
  const counts = h('p', { class: 'muted small', id: 'cds-feedback' });
  showFeedback(counts);
  setInterval(() => !document.hidden && showFeedback(counts), 15_000);
  const heading = (note) =>
    h('div', { class: 'heading' }, h('h2', { id: 'cds-title' }, 'Decision support'), h('p', { class: 'muted' }, note));
  section.hidden = false;
  if (!sandbox) {
    section.append(heading('what clinicians made of the cards'), counts);
    return false;
  }
  const { patients } = await call('/api/sandbox/patients');
  const service = h(
    'select',
    { id: 'cds-service' },
    services.filter(({ hook }) => hook !== 'order-sign').map(({ id, title }) => h('option', { value: id }, title)),
  );
  const patient = h(
    'select',
    { id: 'cds-patient' },
    patients.map(({ id, name }) => h('option', { value: id }, name)),
  );
  const run = h('button', { type: 'submit', class: 'small' }, 'Call as EHR');
  const said = h('p', { class: 'muted small', role: 'status' });
  const cards = h('ul', { class: 'rows' });
  const field = (id, text, control) => h('p', {}, h('label', { for: id, class: 'muted small' }, text), ' ', control);
  const form = h('form', { class: 'cds-form' }, field('cds-patient', 'Chart', patient), field('cds-service', 'Service', service), run);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    run.disabled = true;
    say(said, 'Calling.');
    try {
      const open = patients.find(({ id }) => id === patient.value)?.encounter;
      const body = { service: service.value, patientId: patient.value, ...(open ? { encounterId: open } : {}) };
      const answer = await call('/api/sandbox/cds', { method: 'POST', body });
      const shown = answer.body.cards ?? [];
      say(
        said,
        answer.status === 200
          ? `${shown.length === 0 ? 'No cards' : `${number(shown.length)} ${shown.length === 1 ? 'card' : 'cards'}`} in ${number(answer.ms)} ms.`
          : `Answered ${answer.status}: ${answer.body.issue?.[0]?.diagnostics ?? ''}`,
      );
      cards.replaceChildren(...shown.map(card));
    } catch (thrown) {
      say(said, thrown.message);
      cards.replaceChildren();
    } finally {
      run.disabled = false;
    }
  });
  section.append(heading('as the sandbox EHR sees it'), form, said, cards, counts);
  return true;
}

/** The newest word on each card, by service. */
async function showFeedback(line) {
  const { feedback } = await call('/api/ops/cds').catch(() => ({ feedback: [] }));
  const services = new Map();
  for (const { service, outcome, cards } of feedback) services.set(service, { ...services.get(service), [outcome]: cards });
  const words = [...services].map(
    ([service, { accepted = 0, overridden = 0 }]) => `${service}: ${number(accepted)} accepted, ${number(overridden)} overridden`,
  );
  say(line, words.length === 0 ? 'No feedback on cards yet.' : `Feedback on cards: ${words.join(' · ')}`);
}

/** Markdown is shown as it stands: nothing here parses what came from elsewhere. */
const card = ({ summary, indicator, detail, source }) =>
  h(
    'li',
    { class: 'row' },
    h(
      'div',
      { class: 'row-main' },
      h('p', {}, h('span', { class: 'chip', 'data-level': levels[indicator] }, indicator), ' ', h('strong', {}, summary)),
      detail ? h('p', { class: 'small card-detail' }, detail.replace(/\\([^\w\s])/g, '$1').replaceAll('**', '')) : null,
      h('p', { class: 'muted small' }, source.label),
    ),
  );
