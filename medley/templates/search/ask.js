// Asking the server, and the collection before anything is asked.

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
    answered(state.files.length ? null : { parts: rest.parts, where }, { more });
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
  answered(null);
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
