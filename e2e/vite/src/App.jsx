import { createAuthClient } from 'better-auth/react'

const auth = createAuthClient() // the BFF serves this page, so it needs no address
const signUp = (form) => auth.signUp.email(Object.fromEntries(form))
const addTask = () => fetch('/api/proxy/me/tasks', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"title":"Try it"}' })

export default function App() {
  const { data } = auth.useSession()
  if (data) return <p><b id="who">Hello {data.user.name}</b> <button id="add" onClick={addTask}>Add a task</button></p>
  return <form action={signUp}><input name="name" /><input name="email" autoComplete="username" /><input name="password" type="password" autoComplete="new-password" /><button id="go">Sign up</button></form>
}
