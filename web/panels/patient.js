import { call } from '../api.js';
import { h, say, sync } from '../dom.js';
import { clockOf, dayOf, momentOf, since } from '../time.js';

const mostPages = 10;

/** The drawer of one patient: where, why something waits, and everything that happened, newest first. */
export function showPatient(drawer) {
  let shown;
  drawer.addEventListener('close', () => {
    shown = undefined;
  });
  drawer.addEventListener('click', (event) => event.target === drawer && drawer.close());

  const refresh = async () => {
    if (!shown) return;
    const asked = shown;
    const id = encodeURIComponent(asked.patientId);
    const [events, waits] = await Promise.all([
      timeline(id).catch((thrown) => thrown),
      call(`/api/ops/why?patient=${id}`).catch((thrown) => thrown),
    ]);
    if (shown !== asked) return;
    showWaits(asked.waits, waits);
    showEvents(asked.events, events);
  };

  return {
    open({ patientId, name, place, since: from }) {
      const waits = h('div', { class: 'waits' }, h('p', { class: 'muted' }, 'Asking.'));
      const events = h('div', {}, h('p', { class: 'muted' }, 'Reading the timeline.'));
      shown = { patientId, waits, events };
      drawer.replaceChildren(
        h(
          'header',
          { class: 'drawer-head' },
          h('h2', { id: 'patient-name' }, name ?? 'Patient'),
          h('button', { type: 'button', class: 'plain', 'aria-label': 'Close', onclick: () => drawer.close() }, '✕'),
        ),
        h(
          'dl',
          { class: 'facts' },
          place ? [h('dt', {}, 'Bed'), h('dd', {}, place, from === undefined ? '' : ` since ${momentOf(from)} (${since(from)})`)] : [],
          h('dt', {}, 'Patient id'),
          h('dd', {}, h('code', {}, patientId)),
          h('dt', {}, 'FHIR'),
          h(
            'dd',
            {},
            h('a', { href: `/fhir/Patient/${encodeURIComponent(patientId)}`, target: '_blank', rel: 'noopener' }, 'Patient'),
            ' · ',
            h('a', { href: `/fhir/Encounter?patient=${encodeURIComponent(patientId)}`, target: '_blank', rel: 'noopener' }, 'Encounters'),
          ),
        ),
        h('section', {}, h('h3', {}, 'Why something waits'), waits),
        h('section', {}, h('h3', {}, 'Timeline'), events),
        h('p', { class: 'muted small' }, 'Looking at a patient is recorded in the audit chain.'),
      );
      if (!drawer.open) drawer.showModal();
      return refresh();
    },
    refresh,
  };
}

/** All pages, oldest first as the server gives them; a very long history ends at its newest part that fits. */
async function timeline(id) {
  const events = [];
  let cursor;
  for (let page = 0; page < mostPages; page++) {
    const answer = await call(`/api/patients/${id}/timeline?limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    events.push(...answer.events);
    cursor = answer.cursor;
    if (!cursor) return { events, more: false };
  }
  return { events, more: true };
}

function showWaits(root, answer) {
  if (answer instanceof Error) return root.replaceChildren(h('p', { class: 'problem' }, answer.message));
  if (answer.waits.length === 0) return root.replaceChildren(h('p', {}, 'Nothing waits: every message of this patient is applied.'));
  root.replaceChildren(
    ...answer.waits.map((wait) =>
      h(
        'p',
        { class: 'wait', 'data-level': wait.overdue ? 'bad' : 'warn' },
        `${wait.message.charAt(0).toUpperCase()}${wait.message.slice(1)}.`,
        h('br'),
        h('span', { class: 'small' }, `${wait.flow}, partition ${wait.partition} of ${wait.topic}`),
      ),
    ),
  );
}

function showEvents(root, answer) {
  if (answer instanceof Error) {
    const text = answer.status === 404 ? 'Nothing of this patient has been applied yet.' : answer.message;
    return root.replaceChildren(h('p', { class: answer.status === 404 ? 'muted' : 'problem' }, text));
  }
  let list = root.querySelector('ol');
  if (!list) {
    list = h('ol', { class: 'timeline' });
    root.replaceChildren(h('p', { class: 'muted small', hidden: true }, 'Long history: newer events are not shown here.'), list);
  }
  root.querySelector('p').hidden = !answer.more;
  const taken = new Set(answer.events.map((event) => event.cancels).filter(Boolean));
  let day;
  const items = answer.events.toReversed().map((event) => {
    const first = dayOf(event.occurredAt) !== day;
    day = dayOf(event.occurredAt);
    return { ...event, day: first ? day : '', cancelled: taken.has(event.eventId) };
  });
  sync(list, items, { key: (event) => event.eventId, make: makeEvent, update: updateEvent });
}

function makeEvent() {
  return h('li', {}, h('p', { class: 'day' }), h('p', { class: 'event' }), h('p', { class: 'muted small' }));
}

function updateEvent(node, event) {
  const { facility, ward, room, bed } = event.location ?? {};
  const place = ward ? [ward, [room, bed].filter(Boolean).join('-')].filter(Boolean).join(' ') : (facility ?? '');
  const late = Date.parse(event.recordedAt) - Date.parse(event.occurredAt);
  node.dataset.type = event.type;
  node.classList.toggle('cancelled', event.cancelled);
  const [day, line, source] = node.children;
  day.hidden = event.day === '';
  say(day, event.day);
  const text = [event.type, place && `${event.type === 'Transfer' ? 'to' : 'in'} ${place}`, event.cancelled && '(taken back)'];
  say(line, `${clockOf(event.occurredAt)}  ${text.filter(Boolean).join(' ')}`);
  say(
    source,
    `${event.source.system}, message ${event.source.messageId}${late > 60_000 ? `, recorded ${since(Date.now() - late)} later` : ''}`,
  );
}
