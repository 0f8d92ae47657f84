// Server-sent events over fetch. The browser's EventSource hides the status, so it cannot
// distinguish an ended session from an unreachable server.
import { ApiError, NetworkError, unreadable } from './errors.js'
import { pause, unused } from './transport.js'

const silence = 45_000 // ms; the server sends something every 15 s
const longestBlock = 1 << 20 // characters; a task has far fewer
const longestWait = 30_000 // ms between attempts
const longestAsked = 300_000 // ms; the longest Retry-After that is respected
const soon = 300 // ms
const steady = 20_000 // ms; a stream that lasted this long was not a failure

/** @import * as Types from './index.js' */
/** @import { Block, Check, Reader, Send } from './internal.js' */

/**
 * @param {Send} send
 * @param {string} path
 * @param {Check<Types.Task>} isTask
 * @param {Types.WatchOptions} options
 */
export function watch(send, path, isTask, { signal, ...on }) {
  const stop = new AbortController()
  if (signal?.aborted) stop.abort()
  signal?.addEventListener('abort', () => stop.abort(), { signal: stop.signal })
  let lastEventId = ''
  let wait = 1000 // ms; the server may change it
  let failures = 0
  let opened = 0
  let ended = false // the server has said that the session has ended

  async function run() {
    while (!stop.signal.aborted) {
      let error = null
      opened = 0
      const headers = { Accept: 'text/event-stream', 'Last-Event-ID': lastEventId || undefined }
      try {
        await send(path, { headers, signal: stop.signal, retries: 0 }, read)
      } catch (caught) {
        if (stop.signal.aborted) return
        error = /** @type {ApiError | NetworkError} */ (caught)
      }
      const refused = error instanceof ApiError ? error : null
      const final = refused !== null && refused.status >= 400 && refused.status < 500 && refused.status !== 408 && refused.status !== 429
      tell(on.onClosed, { error, final })
      if (final) return stop.abort()
      // Streams that open and end immediately are failures too: something between client and
      // server ends them.
      if (opened && Date.now() - opened > steady) failures = 0
      // The next attempt gets a 401, unless this browser has a new session by now.
      const first = ended && failures === 0
      ended = false
      await pause(Math.min(longestAsked, (refused?.retryAfter ?? 0) * 1000), stop.signal)
      const backoff = first ? soon : unused() ? longestWait : Math.min(longestWait, wait * 2 ** failures)
      failures++
      await pause(backoff * (0.5 + Math.random() / 2), stop.signal, true)
    }
  }

  /** @type {Reader<void>} */
  async function read(answer, progress) {
    if (!answer.body || !/^text\/event-stream\b/i.test(answer.headers.get('Content-Type') ?? '')) throw unreadable(answer)
    progress.accepted()
    const resumed = lastEventId !== ''
    let open = false
    const parse = parser((block) => {
      lastEventId = block.id ?? lastEventId
      wait = block.retry ?? wait
      if (!open) { // only from now on will all changes be reported
        open = true
        opened = Date.now()
        tell(on.onOpen, { resumed })
      }
      dispatch(block)
    })
    const reader = answer.body.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      progress.within(silence)
      const { done, value } = await reader.read()
      if (done) return
      if (!parse(decoder.decode(value, { stream: true }))) throw unreadable(answer)
    }
  }

  /** @param {Block} block */
  function dispatch({ type, data }) {
    if (data === undefined) return
    const body = parsed(data)
    if (type === 'session.ended') ended = true
    if (type === 'tasks.reset') return tell(on.onReset, String(body?.reason ?? ''))
    if (!type.startsWith('task.')) return
    if (!isTask(body)) return tell(on.onReset, 'an event could not be read') // handled like a missed event
    tell({ 'task.created': on.onCreated, 'task.updated': on.onUpdated, 'task.deleted': on.onDeleted }[type], body)
  }

  /**
   * An error of a listener does not end the watch, but it is still reported.
   * @template {unknown[]} A
   * @param {((...args: A) => void) | undefined} listener
   * @param {A} args
   */
  function tell(listener, ...args) {
    if (stop.signal.aborted) return
    try {
      listener?.(...args)
    } catch (error) {
      queueMicrotask(() => { throw error })
    }
  }

  void run()
  return () => stop.abort()
}

/** @param {string} data */
function parsed(data) {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

/**
 * parser reads text/event-stream as the HTML standard defines it, in pieces of any size. The
 * function that it returns is called with each piece and returns false if a block is too long.
 * @param {(block: Block) => void} emit
 */
export function parser(emit) {
  let rest = '' // the beginning of a line; it is not searched again, since a line may come in many pieces
  let cr = '' // a CR at the end, which may be the first half of a CRLF
  let size = 0
  /** @type {Block} */
  let block = { type: '' }
  let empty = true

  /** @param {string} line */
  function take(line) {
    if (line === '') {
      if (!empty) emit(block)
      block = { type: '' }
      empty = true
      size = 0
      return
    }
    const [, name, value = ''] = /** @type {RegExpExecArray} */ (/^([^:]*)(?:: ?([^]*))?$/.exec(line))
    size += line.length
    if (name === 'data') block.data = block.data === undefined ? value : block.data + '\n' + value
    else if (name === 'event') block.type = value
    else if (name === 'id' && !value.includes('\0')) block.id = value
    else if (name === 'retry' && /^\d{1,5}$/.test(value)) block.retry = Math.max(100, Number(value))
    else return
    empty = false
  }

  return (/** @type {string} */ text) => {
    const lines = (cr + text).split(/\r\n|\n|\r(?!$)/)
    const last = /** @type {string} */ (lines.pop())
    for (const line of lines) {
      take(rest + line)
      rest = ''
    }
    cr = last.endsWith('\r') ? '\r' : ''
    rest += cr ? last.slice(0, -1) : last
    return size + rest.length <= longestBlock
  }
}
