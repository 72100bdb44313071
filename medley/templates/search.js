// The page to search with. It asks the same API as everybody else, and keeps its question in the address.
const $ = (id) => document.getElementById(id);
const PAGE = 24;
const NOUNS = { image: 'picture', audio: 'sound', video: 'clip', text: 'text' };
const COLOURS = { words: 0, text: 1, image: 2, audio: 3, video: 4 };
const KINDS = ['document', 'sidecar', 'caption', 'subtitle', 'transcript', 'embedded', 'ocr'];

const state = { files: [], items: [], hits: [], best: 0, offset: 0, colours: {}, sought: null, at: -1 };
let asking = null;

// -- asking ----------------------------------------------------------------------------------------------------------

class Refused extends Error {}

async function ask(path, options = {}) {
  const answer = await fetch(path, options);
  if (answer.status === 401) {
    await unlock();
    return ask(path, options);
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(body.error ?? body.status?.error ?? `The server answered ${answer.status}.`);
  return body;
}

const post = (path, body, signal) =>
  ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal });

function question() {
  const kind = document.querySelector('input[name=kind]:checked').value;
  const where = [$('where').value.trim(), kind && `modality = ${kind}`].filter(Boolean);
  return {
    words: $('words').value.trim(),
    kind,
    where: where.length > 1 ? `(${where[0]}) and ${where[1]}` : where[0] ?? null,
  };
}

async function search({ more = false } = {}) {
  asking?.abort();
  const { signal } = (asking = new AbortController());
  const { words, where } = question();
  remember();
  if (!words && !state.files.length && !state.items.length) return gallery(where, signal);
  const offset = more ? state.hits.length : 0;
  const rest = {
    parts: state.items.map(({ item, weight }) => ({ item, weight })),
    where,
    limit: PAGE,
    offset,
  };
  document.body.classList.add('busy');
  try {
    let found;
    const began = performance.now();
    if (state.files.length) {
      const form = new FormData();
      if (words) form.append('text', words);
      for (const { kind, file } of state.files) form.append(kind, file, file.name);
      form.append('request', JSON.stringify(rest));
      found = await ask('/search/files', { method: 'POST', body: form, signal });
    } else {
      if (words) rest.parts.unshift({ text: words });
      found = await post('/search', rest, signal);
    }
    state.sought = pattern(words);
    show(found.hits, { more, notes: found.notes, took: performance.now() - began, ranked: true });
  } catch (error) {
    if (error.name === 'AbortError') return;
    show([], { notes: [], wrong: error.message });
  } finally {
    if (asking?.signal === signal) document.body.classList.remove('busy');
  }
}

// Before anything is asked: what the collection holds, drawn at random.
async function gallery(where, signal) {
  state.sought = null;
  try {
    if (where) {
      show([], { quiet: 'Type words, or drop a picture, a sound or a clip.' });
      return;
    }
    const [{ name } = {}] = (await ask('/collections', { signal })).result.collections;
    const must = [{ key: 'state', match: { value: 'indexed' } }, { key: 'segment', match: { value: 0 } }];
    const each = name ? Object.keys(NOUNS).map((kind) =>
      post(`/collections/${name}/points/query`, {
        query: { sample: 'random' }, limit: PAGE, with_payload: true,
        filter: { must: [...must, { key: 'modality', match: { value: kind } }] },
      }, signal)) : [];
    const drawn = (await Promise.all(each)).map(({ result }) => result.points.map((point) => point.payload));
    const mixed = [];
    for (let n = 0; mixed.length < PAGE && drawn.some((kind) => kind.length > n); n++)
      for (const kind of drawn) if (kind[n] && mixed.length < PAGE) mixed.push(kind[n]);
    show(mixed.map((fields) => ({ ...fields, score: 0, vectors: {}, words: fields.words ?? {}, info: fields.info ?? {} })), {
      quiet: mixed.length ? 'From the collection' : 'Nothing has been ingested yet: medley serve FOLDER does it meanwhile.',
    });
  } catch (error) {
    if (error.name !== 'AbortError') show([], { wrong: error.message });
  }
}

async function holds() {
  try {
    const [{ by_modality: by, quarantined }, intake] = await Promise.all([ask('/status'), ask('/ingest')]);
    const plural = (n, noun) => `${n.toLocaleString()} ${noun}${n === 1 ? '' : 's'}`;
    const parts = Object.entries(NOUNS).filter(([kind]) => by[kind]).map(([kind, noun]) => plural(by[kind], noun));
    if (quarantined.length) parts.push(`${quarantined.length.toLocaleString()} quarantined`);
    $('holds').textContent = parts.join(' · ');
    if (intake.state === 'running') {
      const far = intake.total ? ` ${intake.done.toLocaleString()} of ${intake.total.toLocaleString()}` : '';
      const b = document.createElement('b');
      b.textContent = `${parts.length ? ' · ' : ''}ingesting ${intake.folder.split('/').pop()}${far}`;
      $('holds').append(b);
    }
    setTimeout(holds, intake.state === 'running' ? 2000 : 30000);
  } catch { setTimeout(holds, 30000); }
}

// -- showing ---------------------------------------------------------------------------------------------------------

function pattern(words) {
  const asked = [...new Set(words.toLowerCase().match(/[\p{L}\p{N}_]{4,}/gu) ?? [])].sort((a, b) => b.length - a.length);
  return asked.length ? new RegExp(`(?<![\\p{L}\\p{N}_])(?:${asked.join('|')})[\\p{L}\\p{N}_]{0,2}(?![\\p{L}\\p{N}_])`, 'giu') : null;
}

function marked(text) {
  const made = document.createDocumentFragment();
  let at = 0;
  for (const match of state.sought ? text.matchAll(state.sought) : []) {
    made.append(text.slice(at, match.index));
    made.append(Object.assign(document.createElement('mark'), { textContent: match[0] }));
    at = match.index + match[0].length;
  }
  made.append(text.slice(at));
  return made;
}

// The words that were asked for, as the server found them; else the words that there are.
function told(hit, longest) {
  const [passage] = hit.passages ?? [];
  if (!passage) return marked(shortened(spoken(hit), longest));
  const made = document.createDocumentFragment();
  let at = 0;
  const text = [...passage.text];  // spans count characters, not halves of them
  for (const [from, to] of passage.spans) {
    made.append(text.slice(at, from).join(''), Object.assign(document.createElement('mark'), { textContent: text.slice(from, to).join('') }));
    at = to;
  }
  made.append(text.slice(at).join(''));
  return made;
}

function shortened(text, longest) {
  if (text.length <= longest) return text;
  const found = state.sought ? text.search(state.sought) : 0;
  let start = Math.max(0, Math.min(found - longest / 3, text.length - longest));
  start = start ? text.lastIndexOf(' ', start) + 1 : 0;
  const end = Math.max(text.lastIndexOf(' ', start + longest), start + longest / 2);
  return (start ? '… ' : '') + text.slice(start, end) + (end < text.length ? ' …' : '');
}

const clock = (seconds) => {
  const whole = Math.round(seconds), pad = (n) => String(n).padStart(2, '0');
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = whole % 60;
  return h ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
};
const place = (hit) =>
  hit.page != null ? `p. ${hit.page}` : hit.start != null && hit.end != null ? `${clock(hit.start)}–${clock(hit.end)}` : '';
const spoken = (hit) =>
  KINDS.map((kind) => hit.words[kind]).filter(Boolean).join(' ').replace(/^#{1,6} +(.+)$/gm, '$1 · ').replace(/\s+/g, ' ').trim();
const picture = (hit, side) => `/items/${hit.item}/thumbnail?segment=${hit.segment}&side=${side}`;
const seen = (hit) => hit.modality !== 'text' || hit.page != null;  // pages of some documents can be drawn
const media = (hit) => `/items/${hit.item}/file` + (hit.start != null && hit.modality !== 'text' ? `#t=${hit.start.toFixed(1)}` : '');
const percent = (part) => `${Math.round(100 * part)} %`;
const shares = (hit) => [
  ...Object.entries(hit.vectors),
  ...Object.entries(hit.benefit ?? {}).map(([name, share]) => [name, { share, lacking: true }]),
].sort((a, b) => b[1].share - a[1].share);

function colour(vector) {
  if (!(vector in state.colours))
    state.colours[vector] = COLOURS[vector] ?? (5 + Object.keys(state.colours).filter((name) => !(name in COLOURS)).length) % 8;
  return `c${state.colours[vector]}`;
}

function dot(vector) {
  return Object.assign(document.createElement('i'), { className: `dot ${colour(vector)}` });
}

function show(hits, { more = false, notes = [], took = null, wrong = '', quiet = '', ranked = false } = {}) {
  state.hits = more ? [...state.hits, ...hits] : hits;
  if (!more) {
    state.best = hits.length ? hits[0].score : 0;
    $('hits').replaceChildren();
  }
  $('notes').replaceChildren(...[...notes, wrong].filter(Boolean).map((text) =>
    Object.assign(document.createElement('p'), { className: text === wrong ? 'note wrong' : 'note', textContent: text })));
  $('told').textContent = quiet || (wrong || !state.hits.length ? '' : `${state.hits.length} hits in ${took < 10 ? took.toFixed(1) : Math.round(took)} ms`);
  $('nothing').hidden = Boolean(state.hits.length || wrong || quiet);
  $('nothing').textContent = 'Nothing was found.';
  $('more').hidden = !ranked || hits.length < PAGE;
  const from = state.hits.length - hits.length;
  $('hits').append(...hits.map((hit, n) => card(hit, from + n, ranked)));
  const vectors = new Set(state.hits.flatMap((hit) => Object.keys(hit.vectors)));
  $('legend').replaceChildren(...[...vectors].sort((a, b) => colour(a).localeCompare(colour(b))).map((vector) => {
    const li = document.createElement('li');
    li.append(dot(vector), vector);
    return li;
  }));
}

function card(hit, n, ranked) {
  const li = $('hit').content.firstElementChild.cloneNode(true);
  const one = (selector) => li.querySelector(selector);
  const noun = NOUNS[hit.modality] ?? hit.modality;
  const said = spoken(hit);
  const cut = hit.path.lastIndexOf('/') + 1;
  li.classList.add(hit.modality);
  if (hit.modality === 'image' && Math.max(hit.info.width ?? 999, hit.info.height ?? 999) < 400) li.classList.add('stamp');
  one('.folder').textContent = hit.path.slice(0, cut);
  one('.name').textContent = hit.path.slice(cut);
  one('.rank').textContent = n + 1;
  one('.rank').hidden = !ranked;
  one('.badge').textContent = noun;
  one('.place').textContent = place(hit);
  one('.place').hidden = !place(hit);
  one('.play').toggleAttribute('hidden', !['video', 'audio'].includes(hit.modality));
  const image = one('img');
  const passage = () => {
    image.hidden = true;
    one('.words').hidden = true;
    one('blockquote').hidden = false;
    one('blockquote').append(told(hit, 420));
  };
  one('.words').hidden = !said;
  if (!seen(hit)) passage();
  else {
    image.src = picture(hit, 540);
    image.alt = shortened(said, 170) || hit.path;
    image.addEventListener('error', passage, { once: true });
    one('.words').append(told(hit, 170));
  }
  const why = shares(hit);
  one('.bar').setAttribute('aria-label', why.map(([name, part]) => `${name} ${percent(part.share / hit.score)}`).join(', '));
  one('.bar').append(...why.map(([name, part]) => {
    const i = Object.assign(document.createElement('i'), { className: `${colour(name)}${part.lacking ? ' lacking' : ''}` });
    i.style.width = `${100 * Math.max(0, part.share / (state.best || 1))}%`;
    return i;
  }));
  one('.why ul').append(...why.filter(([, part]) => !part.lacking).map(([name, part]) => {
    const item = document.createElement('li');
    const b = Object.assign(document.createElement('b'), { textContent: `#${part.rank}` });
    item.append(dot(name), `${name} `, b, ` ${part.score.toFixed(2)}`);
    return item;
  }));
  if (ranked) one('.why ul').append(Object.assign(document.createElement('li'), { className: 'score', textContent: hit.score.toFixed(3), title: 'score' }));
  one('.why').hidden = !why.length;
  const button = one('button');
  button.setAttribute('aria-label', `Open ${noun} ${hit.path}${place(hit) && `, ${place(hit)}`}`);
  button.addEventListener('click', () => open(n));
  return li;
}

// -- one hit ---------------------------------------------------------------------------------------------------------

function open(n) {
  const hit = state.hits[n];
  if (!hit) return;
  state.at = n;
  $('stage').replaceChildren(stage(hit));
  const cut = hit.path.lastIndexOf('/') + 1;
  $('shown-name').textContent = hit.path.slice(cut);
  $('shown-place').textContent = [NOUNS[hit.modality], `${hit.source}/${hit.path.slice(0, cut)}`, place(hit)].filter(Boolean).join(' · ');
  $('shown-words').replaceChildren(...Object.entries(hit.words).filter(([kind]) => kind !== 'name' && seen(hit)).map(([kind, text]) => {
    const p = document.createElement('p');
    p.append(Object.assign(document.createElement('small'), { textContent: kind }), marked(text));
    return p;
  }));
  $('shown-why').hidden = !shares(hit).length;
  $('shown-why').tBodies[0].replaceChildren(...shares(hit).map(([name, part]) => {
    const tr = document.createElement('tr');
    const td = (...inside) => { const cell = document.createElement('td'); cell.append(...inside); return cell; };
    const share = td(hit.score > 0 ? percent(part.share / hit.score) : '–');
    if (part.lacking) tr.append(td(dot(name), name), Object.assign(td('has none: benefit of the doubt'), { colSpan: 2, className: 'lacking' }), share);
    else tr.append(td(dot(name), name), td(`#${part.rank}`), td(part.score.toFixed(3)), share);
    return tr;
  }));
  const told = { ...hit.info };
  if (told.width && told.height) { told.size = `${told.width} × ${told.height}`; delete told.width; delete told.height; }
  if (told.duration) told.duration = clock(told.duration);
  $('shown-info').replaceChildren(...Object.entries(told).flatMap(([name, value]) => [
    Object.assign(document.createElement('dt'), { textContent: name }),
    Object.assign(document.createElement('dd'), { textContent: typeof value === 'object' ? Object.values(value ?? {}).join(', ') : value }),
  ]));
  $('sure').textContent = hit.confidence == null ? '' : `Confidence that it is a right answer: ${percent(hit.confidence)}`;
  $('maps').replaceChildren();
  $('explain').hidden = !shares(hit).length || hit.modality === 'text';
  $('open').href = media(hit);
  if (!$('shown').open) $('shown').showModal();
}

function stage(hit) {
  const reading = () => {
    const made = make('div', { className: 'reading', tabIndex: 0 });
    made.append(marked(KINDS.map((kind) => hit.words[kind]).filter(Boolean).join('\n\n')));
    return made;
  };
  const make = (tag, more) => Object.assign(document.createElement(tag), more);
  if (hit.modality === 'image' || (hit.modality === 'text' && seen(hit))) {
    const image = make('img', { src: picture(hit, 1024), alt: spoken(hit) || hit.path });
    image.classList.toggle('small', Math.max(hit.info.width ?? 999, hit.info.height ?? 999) < 500);
    image.addEventListener('error', () => image.replaceWith(hit.modality === 'text' ? reading() : gone()), { once: true });
    return image;
  }
  if (hit.modality === 'video') return make('video', { src: media(hit), controls: true, autoplay: true, playsInline: true });
  if (hit.modality === 'audio') {
    const both = make('div', { className: 'sounding' });
    both.append(make('img', { src: picture(hit, 1024), alt: '' }), make('audio', { src: media(hit), controls: true, autoplay: true }));
    return both;
  }
  return reading();
}

const HOW = {
  occlusion: 'by how much the score falls where the picture is covered',
  silence: 'by how much the score falls where the sound is silenced',
  patches: 'what each part of the picture gives to the tokens of the question',
};

async function base64(file) {
  const url = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(file);
  });
  return url.slice(url.indexOf(',') + 1);
}

async function explain() {
  const hit = state.hits[state.at];
  const say = (text) => $('maps').replaceChildren(Object.assign(document.createElement('p'), { className: 'where', textContent: text }));
  $('explain').hidden = true;
  say('Looking …');
  try {
    const { words, where } = question();
    const parts = state.items.map(({ item, weight }) => ({ item, weight }));
    for (const { kind, file } of state.files) parts.push({ [kind]: { data: await base64(file), name: file.name } });
    if (words) parts.unshift({ text: words });
    const { maps } = await post('/explain', { request: { parts, where }, item: hit.item });
    if (state.hits[state.at] !== hit) return;
    if (!maps.length) return say('No vector of pictures or sounds found it.');
    $('maps').replaceChildren(...maps.map(({ vector, how, frame, frames, second, picture: png }) => {
      const figure = document.createElement('figure');
      const at = second != null ? `, likest at ${clock(second)}` : frame ? `, frame ${frame} of ${frames}` : '';
      const caption = document.createElement('figcaption');
      caption.append(dot(vector), `${vector}${at}: ${HOW[how] ?? how}`);
      figure.append(Object.assign(document.createElement('img'), { src: `data:image/png;base64,${png}`, alt: `Map of ${vector}` }), caption);
      return figure;
    }));
  } catch (error) {
    say(error.message);
  }
}

$('explain').addEventListener('click', explain);

const gone = () => Object.assign(document.createElement('p'), { className: 'nothing', textContent: 'The file is not on the server any more.' });

function step(by) {
  const next = state.at + by;
  if (state.hits[next]) open(next);
}

$('shown').addEventListener('close', () => {
  $('stage').replaceChildren();
  $('hits').children[state.at]?.querySelector('button').focus();
});
$('close').addEventListener('click', () => $('shown').close());
$('shown').addEventListener('click', (event) => { if (event.target === $('shown')) $('shown').close(); });
for (const [id, weight] of [['like', 1], ['unlike', -1]])
  $(id).addEventListener('click', () => {
    const { item, path, segment } = state.hits[state.at];
    state.items = [...state.items.filter((other) => other.item !== item), { item, path, weight, segment }];
    $('shown').close();
    parts();
    search();
    scrollTo({ top: 0 });
  });

// -- parts of the question besides words -----------------------------------------------------------------------------

function parts() {
  const made = [
    ...state.files.map((one) => ({ text: one.file.name, icon: one.kind === 'audio' ? '♪' : '▶', url: one.url, drop: () => { state.files = state.files.filter((other) => other !== one); URL.revokeObjectURL(one.url ?? ''); } })),
    ...state.items.map((one) => ({ text: `${one.weight < 0 ? 'not ' : ''}like ${one.path.split('/').pop()}`, away: one.weight < 0, icon: '≈', url: picture(one, 96), drop: () => { state.items = state.items.filter((other) => other !== one); } })),
  ];
  $('parts').replaceChildren(...made.map(({ text, icon, url, away, drop }) => {
    const li = document.createElement('li');
    li.classList.toggle('away', Boolean(away));
    const face = url ? Object.assign(document.createElement('img'), { src: url, alt: '' }) : Object.assign(document.createElement('i'), { textContent: icon });
    face.addEventListener('error', () => face.replaceWith(Object.assign(document.createElement('i'), { textContent: icon })), { once: true });
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: '×' });
    button.setAttribute('aria-label', `Leave out: ${text}`);
    button.addEventListener('click', () => { drop(); parts(); search(); $('words').focus(); });
    li.append(face, Object.assign(document.createElement('span'), { textContent: text }), button);
    return li;
  }));
}

const SUFFIXES = { audio: /\.(wav|flac|mp3|m4a|ogg|oga|opus|aac)$/i, video: /\.(mp4|mov|mkv|webm)$/i, image: /\.(jpe?g|png|webp|avif|gif|tiff?|heic|bmp)$/i };

function add(files) {
  for (const file of files) {
    const named = file.type.split('/')[0];
    const kind = named in SUFFIXES && file.type !== 'video/ogg' ? named : Object.keys(SUFFIXES).find((one) => SUFFIXES[one].test(file.name));
    if (!kind) { show([], { wrong: `${file.name} is neither a picture nor a sound nor a clip.` }); continue; }
    state.files.push({ kind, file, url: kind === 'image' ? URL.createObjectURL(file) : null });
  }
  parts();
  if (state.files.length) search();
}

$('files').addEventListener('change', () => { add($('files').files); $('files').value = ''; });
addEventListener('paste', (event) => { if (event.clipboardData.files.length) add(event.clipboardData.files); });
let entered = 0;
const carries = (event) => [...event.dataTransfer.types].includes('Files');
addEventListener('dragenter', (event) => { if (carries(event)) { entered++; $('drop').hidden = false; } });
addEventListener('dragleave', () => { entered = Math.max(0, entered - 1); $('drop').hidden = !entered; });
addEventListener('dragover', (event) => { if (carries(event)) event.preventDefault(); });
addEventListener('drop', (event) => {
  entered = 0;
  $('drop').hidden = true;
  if (carries(event)) { event.preventDefault(); add(event.dataTransfer.files); }
});

// -- words, keys, the address ----------------------------------------------------------------------------------------

let pause;
for (const id of ['words', 'where'])
  $(id).addEventListener('input', () => { clearTimeout(pause); pause = setTimeout(search, id === 'words' ? 250 : 700); });
$('ask').addEventListener('submit', (event) => { event.preventDefault(); clearTimeout(pause); search(); });
$('kinds').addEventListener('change', () => search());
$('more').addEventListener('click', () => search({ more: true }));

addEventListener('keydown', (event) => {
  const typing = event.target.matches('input[type=search], input[type=text], input[type=password], video, audio');
  if (event.key === '/' && !typing) { event.preventDefault(); $('shown').close(); $('words').focus(); $('words').select(); return; }
  if ($('shown').open) {
    if (typing) return;
    if (event.key === 'ArrowRight') step(1);
    if (event.key === 'ArrowLeft') step(-1);
    return;
  }
  const buttons = [...$('hits').querySelectorAll('button.shown')];
  if ([$('words'), document.body].includes(event.target) && event.key === 'ArrowDown' && buttons.length) { event.preventDefault(); buttons[0].focus(); return; }
  const n = buttons.indexOf(event.target);
  if (n < 0) return;
  const columns = getComputedStyle($('hits')).gridTemplateColumns.split(' ').length;
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (!by) return;
  event.preventDefault();
  (buttons[n + by] ?? (n + by < 0 ? $('words') : buttons[n])).focus();
});

function remember() {
  const { words, kind } = question();
  const kept = new URLSearchParams();
  if (words) kept.set('q', words);
  if (kind) kept.set('kind', kind);
  if ($('where').value.trim()) kept.set('where', $('where').value.trim());
  for (const { item, weight } of state.items) kept.append(weight < 0 ? 'unlike' : 'like', item);
  history.replaceState(null, '', kept.size ? `?${kept}` : '/');
}

async function recall() {
  const kept = new URLSearchParams(location.search);
  $('words').value = kept.get('q') ?? '';
  $('where').value = kept.get('where') ?? '';
  const kind = document.querySelector(`input[name=kind][value="${CSS.escape(kept.get('kind') ?? '')}"]`);
  if (kind) kind.checked = true;
  for (const [name, weight] of [['like', 1], ['unlike', -1]])
    for (const item of kept.getAll(name)) {
      const found = await ask(`/items/${encodeURIComponent(item)}`).catch(() => null);
      if (found) state.items.push({ item, path: found.segments[0].path, weight, segment: 0 });
    }
  parts();
}

// -- the key ---------------------------------------------------------------------------------------------------------

let unlocking = null;

function unlock() {
  unlocking ??= new Promise((resolve) => {
    $('key').addEventListener('cancel', (event) => event.preventDefault());
    $('key-form').onsubmit = async (event) => {
      event.preventDefault();
      const answer = await fetch('/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ key: $('key-given').value }) });
      if (!answer.ok) { $('key-wrong').textContent = 'That is not the key.'; $('key-given').select(); return; }
      $('key').close();
      unlocking = null;
      resolve();
    };
    $('key').showModal();
  });
  return unlocking;
}

await recall();
search();
holds();
if (!matchMedia('(hover: none)').matches) $('words').focus();  // it would open the keyboard of a phone
