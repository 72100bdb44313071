// Hits as cards.

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
  const text = [...passage.text];  // spans count characters, not halves of them
  const first = passage.spans[0]?.[0] ?? 0;
  let at = first > longest / 3 ? text.lastIndexOf(' ', first - 50) + 1 : 0;  // a card shows what it begins with
  if (at) made.append('… ');
  else at = /^(#{1,6} +)?/.exec(passage.text)[0].length;  // the mark of a heading
  at = Math.min(at, first);
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
  hit.page != null ? `p. ${hit.page}` : hit.characters?.[0] ? `from character ${hit.characters[0].toLocaleString('en')}` : hit.start != null && hit.end != null ? `${clock(hit.start)}–${clock(hit.end)}` : '';
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
  $('nothing').hidden = Boolean(state.hits.length || notes.length || wrong || quiet);
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
    if (['image', 'video'].includes(hit.modality)) image.addEventListener('load', () => {
      const shape = image.naturalWidth / image.naturalHeight;
      image.classList.toggle('whole', shape < 1.15 || shape > 2);  // a card is 3:2: of others too much would be cut off
    });
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
  button.addEventListener('click', () => { open(n); chosen(n); });
  return li;
}
