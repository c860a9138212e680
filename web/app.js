import { call, probe } from './api.js';
import { h, say } from './dom.js';
import { watch } from './live.js';
import { showAssist } from './panels/assist.js';
import { showBoard } from './panels/board.js';
import { showCds } from './panels/cds.js';
import { showDeadLetters } from './panels/dead-letters.js';
import { showFlows } from './panels/flows.js';
import { showHeld } from './panels/held.js';
import { showNumbers } from './panels/numbers.js';
import { showPatient } from './panels/patient.js';
import { showQuarantine } from './panels/quarantine.js';
import { showHealth, showState } from './panels/status.js';
import { throttled } from './throttled.js';
import { clockOf } from './time.js';

const at = (id) => document.getElementById(id);

const patient = showPatient(at('patient'));
const board = showBoard(at('board'), { census: at('census'), find: at('find'), open: patient.open });
const held = showHeld(at('held'), { open: patient.open, confirm: at('confirm'), nameOf: board.nameOf });
const quarantine = showQuarantine(at('quarantine'), at('patient'));
const deadLetters = showDeadLetters(at('dead-letters'), { confirm: at('confirm'), changed: () => lookAtDeadLetters() });
const numbers = showNumbers(at('numbers'));
const flows = showFlows(at('flows'));
// Only beside a sandbox EHR; a page that cannot read it is none the worse.
showCds(at('cds'))
  .then((sandbox) => sandbox && showAssist(at('assist')))
  .catch(() => {});
const state = showState({ chip: at('connection'), outage: at('outage') });
const health = showHealth(at('health'));

const sum = (view, of) => view.flows.reduce((total, flow) => total + of(flow), 0);
const settled = (flow) => flow.totals.done + flow.totals.skipped + flow.totals.parked + flow.totals.failed;

/** A line in a section that says since when it is not read any more, and why. No answer at all is said once, above. */
function problemIn(section, what) {
  const line = h('p', { class: 'problem', role: 'alert', hidden: true });
  at(section).querySelector('h2').parentElement.after(line);
  let since;
  return (problem) => {
    line.hidden = !problem || problem.status === 0;
    since = problem ? (since ?? Date.now()) : undefined;
    if (!line.hidden) say(line, `${what} cannot be read since ${clockOf(since)}: ${problem.message}`);
  };
}

// Reads of patients' data: at most once a second, and none while nobody looks.
const lookAtBoard = throttled(1000, async () => board.show((await call('/api/wards')).wards), problemIn('board-section', 'The board'));
const lookAtHeld = throttled(1000, async () => held.show(await call('/api/ops/parked')), problemIn('held', 'The held list'));
const lookAtQuarantine = throttled(
  2000,
  async () => quarantine.show(await call('/api/ops/quarantine?limit=20')),
  problemIn('quarantine', 'The quarantine'),
);
const lookAtDeadLetters = throttled(
  2000,
  async () => deadLetters.show(await call('/api/ops/dlq?limit=20')),
  problemIn('dead-letters', 'The dead letters'),
);
const lookAtPatient = throttled(5000, patient.refresh, () => {});

let seen = {};
function onView(view) {
  const profile = at('profile');
  profile.hidden = false;
  say(profile, view.profile);
  numbers.show(view);
  flows.show(view);
  board.entrances(view.entrances);
  // Another worker's flows are not counted here, so the counts are a reason to look at once, never the only one.
  const now = {
    settled: sum(view, settled),
    held: sum(view, (flow) => flow.held),
    failed: sum(view, (flow) => flow.totals.errors),
    quarantined: view.quarantined,
  };
  if (now.settled !== seen.settled) {
    lookAtBoard();
    lookAtPatient();
  }
  if (now.settled !== seen.settled || now.held !== seen.held || now.failed !== seen.failed) lookAtHeld();
  if (now.quarantined !== seen.quarantined) lookAtQuarantine();
  if (now.failed !== seen.failed) lookAtDeadLetters();
  seen = now;
}

const live = watch({
  onView,
  onState(name) {
    state.show(name);
    if (name === 'live') lookAtAll();
  },
});

function lookAtAll() {
  lookAtBoard();
  lookAtHeld();
  lookAtQuarantine();
  lookAtDeadLetters();
}

async function look() {
  const [alive, ready] = await Promise.all([probe('/healthz'), probe('/readyz')]);
  health.show(alive, ready);
  live.check(ready.reached);
}

look();
setInterval(() => !document.hidden && look(), 5000);
setInterval(() => !document.hidden && state.current() === 'live' && lookAtAll(), 15_000);
// Ages go on; numbers stand still when they are no longer told.
setInterval(() => {
  board.tick();
  held.tick();
  deadLetters.tick();
  if (state.current() !== 'live') return;
  numbers.tick();
  flows.tick();
}, 1000);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  look();
  lookAtAll();
});
document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement;
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  at('find').focus();
});
