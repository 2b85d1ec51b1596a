// What the browser alone can do for the pages: keys, theme and zone switches, and coming back after the connection broke.
const oneYear = 31536000;
const setCookie = (name, value) => { document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${value ? oneYear : 0}; samesite=lax`; };
const byId = (id) => document.getElementById(id);

const themes = ['', 'light', 'dark'];
const themeNames = { '': 'system', light: 'light', dark: 'dark' };

function switchTheme() {
  const root = document.documentElement;
  const next = themes[(themes.indexOf(root.dataset.theme ?? '') + 1) % themes.length];
  root.dataset.theme = next;
  setCookie('pipeline-theme', next);
  dispatchEvent(new Event('pipeline-theme'));
  announce(`Theme: ${themeNames[next]}`);
}

function switchZone(button) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  setCookie('pipeline-zone', button.dataset.zone === 'UTC' ? own : 'UTC');
  // The address holds the whole state of the page, so that nothing is lost by asking for it again.
  location.reload();
}

function announce(text) {
  const status = byId('announcement');
  if (status) status.textContent = text;
}

// A dialog of the page is shown by the page; the browser does the rest of it.
globalThis.pipelinePage = {
  showDialog: (dialog) => { if (!dialog.open) dialog.showModal(); },
  // From one address of the page to another, unless the person has gone somewhere else meanwhile.
  go: (from, to) => { if (location.href === from) Blazor.navigateTo(to); },
  setQuery,
};

// Charts -----------------------------------------------------------------------------------------------------------------

const addresses = document.currentScript.dataset;
let charts;

function refreshCharts() {
  if (!charts && !document.querySelector('[data-chart]')) return;
  charts ??= import(addresses.charts);
  // What could not be loaded is asked for again with the next change.
  charts.then((module) => module.refresh(addresses.library)).catch(() => { charts = undefined; });
}

new MutationObserver(refreshCharts).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-chart'] });
refreshCharts();

// Address ----------------------------------------------------------------------------------------------------------------

// The state of a page is in its address, and a field changes it at once and here: a change that first went to the server and back
// would undo what the person has chosen meanwhile.
function setQuery(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value); else url.searchParams.delete(name);
  }
  Blazor.navigateTo(url.href);
}

// A local time of a field as an instant; the zone is UTC or the browser's own.
const instant = (text, zone) => (text ? new Date(zone === 'UTC' ? `${text}Z` : text).toISOString().replace('.000', '') : '');

document.addEventListener('change', ({ target }) => {
  const { query, resets, instant: zone } = target.dataset;
  if (!query) return;
  const others = (resets ?? '').split(' ').filter(Boolean).map((name) => [name, '']);
  setQuery({ ...Object.fromEntries(others), [query]: zone ? instant(target.value, zone) : target.value });
});

// Keys -------------------------------------------------------------------------------------------------------------------

let goPressedAt = 0;

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('input, select, textarea, [contenteditable]')) return;
  if (Date.now() - goPressedAt < 1500) {
    goPressedAt = 0;
    const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  if (event.key === 'g') {
    goPressedAt = Date.now();
  } else if (event.key === '/') {
    const search = document.querySelector('main input[type=search]') ?? document.querySelector('main select');
    if (search) { event.preventDefault(); search.focus(); }
  } else if (event.key === '?') {
    const help = byId('keys');
    if (help) { event.preventDefault(); help.open ? help.close() : help.showModal(); }
  }
}

document.addEventListener('keydown', onKey);
document.addEventListener('click', (event) => {
  const button = event.target.closest?.('button[data-act]');
  if (!button) return;
  switch (button.dataset.act) {
    case 'theme': switchTheme(); break;
    case 'zone': switchZone(button); break;
    case 'keys': byId('keys')?.showModal(); break;
    case 'close': button.closest('dialog')?.close(); break;
    case 'reload': location.reload(); break;
  }
});

// Connection -------------------------------------------------------------------------------------------------------------

const lost = byId('components-reconnect-modal');
const silence = byId('silence');

async function reloadWhenBack() {
  for (;;) {
    try {
      if ((await fetch('/alive', { cache: 'no-store', signal: AbortSignal.timeout(2000) })).ok) { location.reload(); return; }
    } catch { /* still away */ }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

let addressWhenLost;

lost?.addEventListener('components-reconnect-state-changed', (event) => {
  const { state } = event.detail;
  if (state === 'show') {
    addressWhenLost = location.href;
    showSilence(false);
    lost.hidden = false;
    document.body.classList.add('disconnected');
  } else if (state === 'hide') {
    // What was chosen meanwhile stands in the address and nowhere else.
    if (addressWhenLost !== location.href) location.reload();
    lost.hidden = true;
    document.body.classList.remove('disconnected');
  } else if (state === 'failed' || state === 'rejected' || state === 'resume-failed') {
    // Another process answers now, or none yet: a fresh page from the same address is the same place.
    reloadWhenBack();
  }
});

// A press would reach nobody.
document.addEventListener('click', (event) => {
  if (!document.body.classList.contains('disconnected') || !event.target.closest?.('main button:not([data-act])')) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  announce('Not done: the connection is lost.');
}, true);

// Every reading is sent, changed or not, at least every five seconds; a connection that is only kept alive sends pings of three bytes.
const pingLength = 3;
const patience = 12_000;
let heardAt;

class HeardSocket extends WebSocket {
  constructor(...options) {
    super(...options);
    this.addEventListener('message', ({ data }) => { if (data.byteLength > pingLength) heard(); });
  }
}

function heard() {
  heardAt = Date.now();
  if (!silence.hidden) showSilence(false);
}

function showSilence(isSilent) {
  document.body.classList.toggle('silent', isSilent);
  silence.hidden = !isSilent;
}

setInterval(() => {
  const isSilent = heardAt !== undefined && Date.now() - heardAt > patience && lost.hidden && !document.hidden;
  if (isSilent === silence.hidden) showSilence(isSilent);
}, 1000);

// Nothing is sent to a page that nobody can see.
globalThis.pipelinePage.tellVisibility = (viewer) => {
  const tell = () => { heardAt = Date.now(); viewer.invokeMethodAsync('SetVisible', !document.hidden).catch(() => { /* not connected; asked again with the next change */ }); };
  document.addEventListener('visibilitychange', tell);
  if (document.hidden) tell();
};

globalThis.Blazor?.start({
  // Every page is interactive; before it is, a link is a plain link.
  ssr: { disableDomPreservation: true },
  circuit: {
    configureSignalR: (builder) => builder.withUrl('_blazor', { WebSocket: HeardSocket }),
    reconnectionOptions: { maxRetries: 10, retryIntervalMilliseconds: (attempt) => (attempt >= 10 ? null : Math.min(2000, 250 * 2 ** attempt)) },
  },
});
