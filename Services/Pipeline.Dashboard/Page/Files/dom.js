// Small helpers. Everything that comes from data enters the page as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** An element with properties, classes and children; children are nodes or text. */
export function el(name, options = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === 'class') node.className = value;
    else if (value !== undefined && value !== null) node.setAttribute(key, value);
  }
  for (const child of children) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Text of unknown script: it takes its own direction and leaves its neighbours alone. */
export const foreign = (text) => el('bdi', { dir: 'auto' }, text);

export function setText(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

/** A table, or a sentence when there are no rows. Columns: { title, number, wide, cell(row) }. */
export function table(container, columns, rows, emptyText) {
  if (rows.length === 0) {
    container.replaceChildren(el('p', { class: 'empty' }, emptyText));
    return;
  }
  const css = (c) => [c.number ? 'number' : '', c.wide ? 'wide' : ''].join(' ').trim();
  const head = el('tr', {}, ...columns.map((c) => el('th', { class: css(c), scope: 'col' }, c.title)));
  const body = rows.map((row) => el('tr', {}, ...columns.map((c) => el('td', { class: css(c) }, c.cell(row)))));
  container.replaceChildren(el('table', {}, el('thead', {}, head), el('tbody', {}, ...body)));
}

const whole = new Intl.NumberFormat('en');
const one = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

export const count = (n) => whole.format(n);
export const rate = (n) => (n >= 100 ? whole.format(Math.round(n)) : one.format(n));

export function milliseconds(ms) {
  if (ms >= 10000) return `${one.format(ms / 1000)} s`;
  return ms >= 100 ? `${whole.format(Math.round(ms))} ms` : `${one.format(ms)} ms`;
}

export function seconds(s) {
  if (s < 10) return `${one.format(Math.max(0, s))} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

/** Time of day in UTC, as the API gives it; the whole time in the tooltip. */
export function time(iso) {
  if (!iso) return '–';
  return el('time', { datetime: iso, title: iso }, iso.slice(11, 19));
}
