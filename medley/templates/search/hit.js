// One hit, large: the picture or player, why it was found, and where in it.

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
  regions: 'what each region gives to the score of the fused vector',
  attention: 'how much more than others each region was attended to',
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
for (const [id, weight] of [['like', 1], ['unlike', DISLIKED]])
  $(id).addEventListener('click', () => {
    const { item, path, segment } = state.hits[state.at];
    state.items = [...state.items.filter((other) => other.item !== item), { item, path, weight, segment }];
    $('shown').close();
    parts();
    search();
    scrollTo({ top: 0 });
  });
