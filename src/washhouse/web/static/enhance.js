// Pages work without this file. It adds double-click protection, focus on error summaries and the skip link's focus.
import { initAll } from './vendor/nhsuk-frontend/nhsuk-frontend.min.js'

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
initAll()

// A choice in a filter form applies itself; without script its button does.
for (const control of document.querySelectorAll('[data-submit-on-change]')) {
  control.addEventListener('change', () => control.form.requestSubmit())
}

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false
  button.addEventListener('click', () => window.print())
}

// Single letters press what carries them (data-key), while no field is being typed in; a switch turns them off for good.
const keyed = new Map([...document.querySelectorAll('[data-key]')].map((each) => [each.dataset.key, each]))
const keySwitch = document.querySelector('[data-keys-switch]')
const KEYS_OFF = 'washhouse-letter-keys-off'

function showKeys(on) {
  for (const hint of document.querySelectorAll('.wh-answer kbd.wh-key')) hint.hidden = !on
}

if (keySwitch) {
  keySwitch.checked = localStorage.getItem(KEYS_OFF) === null
  keySwitch.closest('[data-keys]').hidden = false
  showKeys(keySwitch.checked)
  keySwitch.addEventListener('change', () => {
    if (keySwitch.checked) localStorage.removeItem(KEYS_OFF)
    else localStorage.setItem(KEYS_OFF, '1')
    showKeys(keySwitch.checked)
  })
  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest('textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])')
    if (typing || event.ctrlKey || event.altKey || event.metaKey || event.repeat || !keySwitch.checked) return
    const found = keyed.get(event.key.toLowerCase())
    if (!found) return
    event.preventDefault()
    found.focus()
    found.click()
  })
}
