// One word to the other tabs of this origin. It contains nothing private.

/**
 * @param {string} name
 * @param {(word: string) => void} heard
 */
export function tabs(name, heard) {
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null
  Object(channel).unref?.() // Node would wait for it
  const onMessage = (/** @type {MessageEvent} */ event) => heard(String(event.data))
  // Without a BroadcastChannel, a change of localStorage tells them.
  const onStorage = (/** @type {Event} */ event) => {
    const { key, newValue } = /** @type {StorageEvent} */ (event)
    if (key === name && newValue) heard(newValue.split(' ')[0] ?? '')
  }
  channel?.addEventListener('message', onMessage)
  globalThis.addEventListener?.('storage', onStorage)

  return {
    /** @param {string} word */
    tell(word) {
      if (channel) return channel.postMessage(word)
      try {
        localStorage.setItem(name, word + ' ' + Date.now())
        localStorage.removeItem(name)
      } catch {} // storage may be disabled; then the stream or the next request reports the change
    },
    close() {
      channel?.close()
      globalThis.removeEventListener?.('storage', onStorage)
    },
  }
}
