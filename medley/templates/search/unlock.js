// The key of the server, where it asks for one; then the page begins.

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
