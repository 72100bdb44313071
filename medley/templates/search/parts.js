// What is looked for besides words: files and items.

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
