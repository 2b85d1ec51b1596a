// Asks the API again and again: the status every second, the lists every three. Stops while nobody looks.
import { byId } from './dom.js';
import { showDeadLetters, showEvents, showRuns, showStatus, showUsers, showWindows } from './views.js';
import { askForToken, authorization } from './token.js';

async function get(path) {
  const response = await fetch(path, { headers: { accept: 'application/json', ...authorization() }, signal: AbortSignal.timeout(10000) });
  const body = await response.json();
  if (response.status === 401) askForToken(body.detail);
  if (!response.ok) throw new Error(body.detail ?? body.title ?? `${path} answered ${response.status}`);
  return body;
}

function setState(css, text, problem) {
  const state = byId('state');
  state.className = `state ${css}`;
  if (state.textContent !== text) state.textContent = text;
  byId('notice').hidden = !problem;
  byId('notice').textContent = problem ?? '';
}

const visible = () => new Promise((resolve) => {
  if (!document.hidden) resolve();
  else document.addEventListener('visibilitychange', resolve, { once: true });
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function every(ms, work, failed) {
  for (;;) {
    await visible();
    try {
      await work();
    } catch (error) {
      failed(error);
    }
    await pause(ms);
  }
}

every(1000, async () => {
  const status = await get('/api/status');
  showStatus(status);
  setState('live', status.totals.consumed > 0 ? 'Live' : 'Waiting for data');
}, (error) => setState('lost', 'Not connected', error instanceof TypeError ? 'The pipeline does not answer; it may be stopped. This page goes on trying.' : error.message));

async function windows() {
  const now = Date.now();
  const from = new Date((Math.floor(now / 60000) - 59) * 60000).toISOString();
  showWindows(await get(`/api/windows?metric=events&dimension=event_type&grain=minute&limit=1000&from=${from}`), now);
}

/** A run's events carry the last millisecond of its data interval. */
async function runs() {
  const page = await get('/api/runs?dag_id=kafka_stream&limit=8');
  showRuns(page);
  const last = page.items.find((run) => run.state === 'success');
  if (last) {
    const end = new Date(last.data_interval_end);
    showUsers(await get(`/api/events?from=${new Date(end - 1).toISOString()}&to=${end.toISOString()}&limit=10`));
  } else {
    showUsers({ items: [] });
  }
}

// Told by the status line already when nothing answers; a list that fails alone keeps what it shows.
every(3000, () => Promise.all([
  get('/api/events?limit=10').then(showEvents),
  runs(),
  get('/api/dead-letters?limit=8').then(showDeadLetters),
  windows(),
]), (error) => console.warn(error.message));
