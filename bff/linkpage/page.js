// Sends what is typed, with the token of the link. Nothing happens before somebody
// presses a button: programs that look through mails follow links too.
const main = document.querySelector('main')
const problem = main.querySelector('.problem')
let busy = false

const show = text => {
  problem.textContent = text
}

function done() {
  main.querySelector('.ask').hidden = true
  for (const element of main.querySelectorAll('.done')) element.hidden = false
  main.querySelector('h1').focus()
  // What is left in the history opens nothing, and does not ask again.
  if (main.dataset.next) location.replace(main.dataset.next)
}

async function send(form) {
  const body = { token: main.dataset.token, ...Object.fromEntries(new FormData(form)) }
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
    return show('The server cannot be reached. Check your connection and try again.')
  }
  if (answer.ok) return done()
  show(said.code === 'INVALID_PASSWORD' ? 'This is not the password of the account.' : said.message)
  form.querySelector('input[name]')?.focus()
}

for (const form of main.querySelectorAll('form')) {
  form.addEventListener('submit', async event => {
    event.preventDefault()
    if (busy) return
    busy = true
    show('')
    await send(form)
    busy = false
  })
}
