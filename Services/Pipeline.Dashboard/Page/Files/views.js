// One function per part of the page: takes an answer of the API, shows it.
import { byId, count, el, foreign, milliseconds, rate, seconds, setText, table, time } from './dom.js';
import { sparkline, stackedColumns } from './chart.js';

const history = { ingested: [], stored: [] };
const eventTypes = ['profile', 'login', 'view', 'update', 'logout', 'error'];

function remember(list, value) {
  list.push(value);
  if (list.length > 60) list.shift();
  return list;
}

const age = (iso, now) => (new Date(now) - new Date(iso)) / 1000;
const busy = (id, on) => byId(id).classList.toggle('busy', on);

export function showStatus(s) {
  const sources = s.topics.filter((t) => t.committed !== null);
  const kept = sources.reduce((sum, t) => sum + t.end - t.start, 0);
  const topics = new Set(sources.map((t) => t.topic));
  setText('profile', s.profile);
  setText('uptime', `up ${seconds(age(s.started_at, s.now))}`);
  setText('version', s.version ? `version ${s.version}` : '');
  setText('log-records', count(kept));
  setText('log-detail', `records kept, ${topics.size} topics × ${sources.length / Math.max(1, topics.size)} partitions`);
  setText('processor-lag', count(s.waiting));
  setText('processor-detail', s.waiting === 1 ? 'record waiting' : 'records waiting');
  setText('store-events', count(s.totals.stored));
  setText('rate-ingested', rate(s.rates.ingested));
  setText('rate-stored', rate(s.rates.stored));
  sparkline(byId('spark-ingested'), remember(history.ingested, s.rates.ingested));
  sparkline(byId('spark-stored'), remember(history.stored, s.rates.stored));
  setText('latency', s.totals.stored ? milliseconds(s.latency.p95) : '–');
  setText('latency-detail', s.totals.stored ? `p50 ${milliseconds(s.latency.p50)} · p99 ${milliseconds(s.latency.p99)}` : 'append to stored');
  setText('freshness', s.freshness.age_seconds === null ? '–' : seconds(s.freshness.age_seconds));
  setText('watermark', s.watermark ? seconds(age(s.watermark, s.now)) : '–');
  setText('watermark-detail', s.watermark ? `behind now · ${s.watermark.slice(11, 19)} UTC` : 'no event yet');
  busy('pipe-in', s.rates.ingested > 0);
  busy('pipe-work', s.rates.ingested > 0 || s.waiting > 0);
  busy('pipe-out', s.rates.stored > 0);
  showConservation(s.totals, s.waiting);
  showPartitions(s);
}

function showConservation(t, waiting) {
  const container = byId('conservation');
  if (t.consumed === 0) {
    container.replaceChildren(el('p', { class: 'empty' }, 'No record yet. Every record that the processor reads will be counted here exactly once.'));
    return;
  }
  const parts = [['stored', t.stored, 'k1'], ['dead-lettered', t.dead_lettered, 'k5'], ['late', t.late, 'k3'], ['duplicate', t.duplicate, 'k4']];
  const bar = el('div', { class: 'bar' });
  for (const [, value, css] of parts) {
    const part = el('i', { class: css });
    part.style.flex = `${value} 0 ${value > 0 ? 3 : 0}px`;
    bar.append(part);
  }
  const terms = parts.map(([name, value, css], i) => el('span', {}, el('span', { class: `dot ${css}` }), el('b', {}, count(value)), ` ${name}${i < 3 ? ' +' : ' ='}`));
  const verdict = t.balanced
    ? el('span', { class: 'verdict ok' }, waiting === 0 ? '✓ balanced, nothing waits' : '✓ balanced')
    : el('span', { class: 'verdict wrong' }, '✗ does not add up');
  container.replaceChildren(bar, el('div', { class: 'equation' }, ...terms, el('span', {}, el('b', {}, count(t.consumed)), ' consumed'), verdict));
}

function showPartitions(s) {
  const progress = new Map(s.partitions.map((p) => [`${p.topic}-${p.partition}`, p]));
  const of = (t) => progress.get(`${t.topic}-${t.partition}`);
  table(byId('partitions'), [
    { title: 'Topic', cell: (t) => el('code', {}, t.topic) },
    { title: 'Partition', number: true, cell: (t) => String(t.partition) },
    { title: 'Start', number: true, cell: (t) => count(t.start) },
    { title: 'End', number: true, cell: (t) => count(t.end) },
    { title: 'Committed', number: true, cell: (t) => (t.committed === null ? '–' : count(t.committed)) },
    { title: 'Lag', number: true, cell: (t) => (t.committed === null ? '–' : count(t.lag)) },
    { title: 'Stored', number: true, cell: (t) => (of(t) ? count(of(t).stored) : '–') },
    { title: 'Dead', number: true, cell: (t) => (of(t) ? count(of(t).dead_lettered) : '–') },
    { title: 'Late', number: true, cell: (t) => (of(t) ? count(of(t).late) : '–') },
    { title: 'Duplicate', number: true, cell: (t) => (of(t) ? count(of(t).duplicate) : '–') },
    { title: 'Watermark', cell: (t) => time(of(t)?.watermark) },
    { title: 'p95', number: true, cell: (t) => (of(t) ? milliseconds(of(t).latency.p95) : '–') },
  ], s.topics, 'No topic yet.');
}

const tag = (text, css = '') => el('span', { class: `tag ${css}` }, text);

const link = (event) => el('a', { href: `/api/events/${encodeURIComponent(event.event_id)}` }, el('code', {}, event.event_id.slice(0, 13)));
const position = (x) => el('code', {}, `${x.topic}-${x.partition}@${x.offset}`);
const known = (...texts) => texts.filter((x) => x && x !== 'unknown').join(' · ') || '–';

function what(event) {
  const d = event.data;
  const name = [d.first_name, d.last_name].filter((x) => typeof x === 'string').join(' ');
  return foreign(name || [d.page, d.device, d.detail].filter((x) => typeof x === 'string').join(' · '));
}

export function showUsers(page) {
  table(byId('users'), [
    { title: 'Name', cell: what },
    { title: 'From', cell: (e) => el('span', { title: known(e.region) }, known(e.country)) },
    { title: 'Age', cell: (e) => known(e.age_band) },
    { title: 'Position', cell: position },
    { title: 'Event', cell: link },
  ], page.items, 'No user yet. The first run of kafka_stream brings some within seconds.');
}

export function showEvents(page) {
  table(byId('events'), [
    { title: 'Time (UTC)', cell: (e) => time(e.event_time) },
    { title: 'Type', cell: (e) => tag(e.event_type, e.event_type === 'error' ? 'reject' : '') },
    { title: 'What', cell: what },
    { title: 'Position', cell: position },
    { title: 'Event', cell: link },
  ], page.items, 'No event stored yet.');
}

export function showRuns(page) {
  const last = page.items[0];
  setText('source-state', last ? last.state : 'waiting');
  setText('source-detail', last ? `last run ${last.data_interval_end.slice(11, 19)} UTC` : 'no run yet');
  table(byId('runs'), [
    { title: 'Interval (UTC)', cell: (r) => time(r.data_interval_end) },
    { title: 'State', cell: (r) => tag(r.state, r.state) },
    { title: 'Tasks', cell: (r) => el('span', {}, ...r.tasks.flatMap((t) => [el('span', { class: `tag ${t.state ?? 'none'}`, title: t.state ?? 'none' }, t.task_id), ' '])) },
    { title: 'Took', number: true, cell: (r) => (r.duration_seconds === null ? '–' : milliseconds(r.duration_seconds * 1000)) },
  ], page.items, 'No run yet.');
}

export function showDeadLetters(page) {
  table(byId('dead-letters'), [
    { title: 'Failed (UTC)', cell: (d) => time(d.failed_at) },
    { title: 'Reason', cell: (d) => tag(d.reason_code, 'reject') },
    { title: 'In words', wide: true, cell: (d) => el('span', { title: d.value?.slice(0, 500) ?? 'not text' }, foreign(d.message)) },
    { title: 'Position', wide: true, cell: position },
  ], page.items, 'Nothing was rejected.');
}

export function showWindows(page, now) {
  const container = byId('chart');
  if (page.items.length === 0) {
    container.replaceChildren(el('p', { class: 'empty' }, 'No window yet. The first appears with the first events.'));
    return;
  }
  const end = Math.floor(now / 60000);
  const columns = Array.from({ length: 60 }, (_, i) => ({ start: new Date((end - 59 + i) * 60000), parts: new Map() }));
  for (const w of page.items) {
    const column = columns[59 - (end - Math.floor(new Date(w.window_start) / 60000))];
    if (column) column.parts.set(w.value, (column.parts.get(w.value) ?? 0) + w.count);
  }
  const names = [...new Set(page.items.map((w) => w.value))];
  names.sort((a, b) => eventTypes.indexOf(a) - eventTypes.indexOf(b));
  stackedColumns(container, columns, names);
}
