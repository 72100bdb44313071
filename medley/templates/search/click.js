// Which hit was opened for which question: told to this server alone, which keeps it beside the collection.

// What the hits on the page answer; null: nothing that could be asked again, such as a file that was sent along.
function answered(request, { more = false } = {}) {
  state.asked = request;
  if (!more) state.noted = new Set();
}

// Once for each hit of an answer; in the background, and in silence: who opens a hit wants to see it, and nothing else.
function chosen(n) {
  const { path } = state.hits[n];
  if (!('clicks' in document.body.dataset) || !state.asked || state.noted.has(path)) return;
  state.noted.add(path);
  const shown = state.hits.slice(0, n + 1).map((hit) => hit.path);
  fetch('/feedback', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ request: state.asked, clicked: path, shown }),
    priority: 'low',
  }).catch(() => {});
}
