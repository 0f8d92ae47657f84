// The little of a browser's window that the client looks for before it keeps a store up
// to date: events, and a storage that other tabs hear of.
const stored = new Map()

globalThis.window = new EventTarget()
globalThis.document = new EventTarget()
document.visibilityState = 'visible'
Object.defineProperty(globalThis, 'localStorage', { // later releases of Node have one of their own
  value: {
    getItem: (key) => stored.get(key) ?? null,
    setItem: (key, value) => stored.set(key, String(value)),
    clear: () => stored.clear(),
  },
})

// A window's own words reach the others, and not itself. The tests have one window for
// both tabs, so they say when the other one hears.
export function otherTabSpoke() {
  const event = new Event('storage')
  event.key = 'better-auth.message'
  event.newValue = localStorage.getItem(event.key)
  stored.delete(event.key)
  if (event.newValue !== null) window.dispatchEvent(event)
  return event.newValue !== null
}

export function lookAt() {
  document.dispatchEvent(new Event('visibilitychange'))
}
