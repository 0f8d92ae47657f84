// A page as a team writes it: the official React client and its hook, with the
// address of the BFF as the one thing that is not in Better Auth's own examples.
import { useState } from 'react'
import { createRoot } from 'react-dom/client'

import { createAuthClient } from 'better-auth/react'

const client = createAuthClient({ baseURL: document.documentElement.dataset.bff })

function App() {
  const { data, isPending, error } = client.useSession()
  const [email, setEmail] = useState('')
  const [message, setMessage] = useState('')
  const say = async (call) => {
    const { error } = await call
    setMessage(error ? error.code : 'done')
  }
  const password = 'correct horse'
  return (
    <main>
      <h1 id="who">{isPending ? 'asking' : error ? `error ${error.status}` : data ? `${data.user.name} <${data.user.email}>` : 'nobody'}</h1>
      <p id="since">{data ? data.session.createdAt.toISOString() : ''}</p>
      <p id="message">{message}</p>
      <input id="email" aria-label="E-mail" value={email} onChange={(e) => setEmail(e.target.value)} />
      <button id="sign-up" onClick={() => say(client.signUp.email({ email, password, name: 'Ada' }))}>Sign up</button>
      <button id="sign-in" onClick={() => say(client.signIn.email({ email, password }))}>Sign in</button>
      <button id="rename" onClick={() => say(client.updateUser({ name: 'Augusta' }))}>Rename</button>
      <button id="sign-out" onClick={() => say(client.signOut())}>Sign out</button>
    </main>
  )
}

createRoot(document.getElementById('root')).render(<App />)
