import { createAuthClient } from 'better-auth/react'

const auth = createAuthClient() // the BFF is where the page came from
const addTask = () => fetch('/api/proxy/me/tasks', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"title":"Try it"}' })

export function App() {
  const { data } = auth.useSession()
  if (data) return <><h1 id="who">Hello {data.user.name}</h1><button id="add" onClick={addTask}>Add a task</button></>
  const signUp = (form) => auth.signUp.email(Object.fromEntries(form))
  return <form action={signUp}><input name="name" /><input name="email" /><input name="password" type="password" /><button id="go">Sign up</button></form>
}
