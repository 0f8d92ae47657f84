// Sends the input together with the token of the link. Nothing happens until a button is
// pressed, because programs that scan mails follow links too.
const main = document.querySelector('main')
let busy = false

function done(withPassword) {
  main.querySelector('.ask').hidden = true
  for (const element of main.querySelectorAll('.done')) element.hidden = withPassword && element.matches('.without')
  const title = main.querySelector('h1')
  document.title = title.textContent = main.dataset.done
  title.focus()
}

// send returns the problem, or nothing.
async function send(body) {
  let answer, said
  try {
    answer = await fetch(main.dataset.post, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(20_000),
    })
    said = await answer.json()
  } catch {
    return 'The server cannot be reached. Check your connection and try again.'
  }
  if (answer.ok) return
  if (said.code === 'INVALID_PASSWORD') return 'This is not the password of the account.'
  if (said.code === 'INVALID_TOKEN' || said.code === 'TOKEN_EXPIRED') return 'This link has expired or was used. Ask for a new one.'
  return said.message
}

for (const form of main.querySelectorAll('form')) {
  form.addEventListener('submit', async event => {
    event.preventDefault()
    if (busy) return
    busy = true
    const [problem, button] = [form.querySelector('.problem'), form.querySelector('button')]
    const label = button.textContent
    problem.textContent = ''
    button.textContent = 'One moment…'
    const typed = Object.fromEntries(new FormData(form))
    const wrong = await send({ token: main.dataset.token, ...typed })
    button.textContent = label
    busy = false
    if (!wrong) return done('newPassword' in typed)
    problem.textContent = wrong
    form.querySelector('input[name]')?.focus()
  })
}

// This page is no longer useful, so the browser's "back" must skip it.
main.querySelector('a').addEventListener('click', event => {
  event.preventDefault()
  location.replace(event.currentTarget.href)
})
