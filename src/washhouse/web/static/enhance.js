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
