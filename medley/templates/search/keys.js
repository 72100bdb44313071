// Words as they are typed, the keyboard, and the question in the address.

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
  for (const [name, weight] of [['like', 1], ['unlike', DISLIKED]])
    for (const item of kept.getAll(name)) {
      const found = await ask(`/items/${encodeURIComponent(item)}`).catch(() => null);
      if (found) state.items.push({ item, path: found.segments[0].path, weight, segment: 0 });
    }
  parts();
}
