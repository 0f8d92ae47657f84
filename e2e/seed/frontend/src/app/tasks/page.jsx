'use client'

import { useEffect, useState } from 'react'
import { LogoutButton } from '../../components/auth/logout-button'
import * as api from '../../lib/api-client'

// The test calls the functions of the API client by window.api.
export default function Tasks() {
  const [user, setUser] = useState('')
  useEffect(() => {
    window.api = api
    fetch('/api/auth/session').then((response) => response.json()).then((session) => setUser(session?.user.id ?? 'nobody'))
  }, [])
  return <><p id="user">{user}</p><LogoutButton /></>
}
