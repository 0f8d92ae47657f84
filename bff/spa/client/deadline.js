// When a session ends, and when to warn: by the server's clock alone. This device's clock may be
// wrong, may be set while the page is open, and may stop while a laptop sleeps.

/** @import * as Types from './session.js' */

/** @type {Types.Clock} */
export const ownClock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(/** @type {number} */ (timer)),
}

/**
 * @param {Types.Clock} clock
 * @param {number} warnBefore
 */
export function createDeadline(clock, warnBefore) {
  /** @type {{ left: number, wall: number, elapsed: number, warnAt: number, final: boolean } | null} */
  let end = null
  let near = false // whether it was time to warn, when the clock was last looked at

  const deadline = {
    /**
     * @param {Types.SessionAnswer | null} answer
     * @param {number} date its Date header; without one (an answer from another origin), the clock of this device has to do
     */
    note(answer, date) {
      const at = Date.parse(answer?.expiresAt ?? answer?.session?.expiresAt ?? '')
      near = false
      if (Number.isNaN(at)) return void (end = null)
      const lifetime = at - Date.parse(answer?.session?.updatedAt ?? '')
      end = {
        left: at - (Number.isNaN(date) ? clock.now() : date),
        wall: clock.now(),
        elapsed: clock.elapsed(),
        warnAt: Math.min(warnBefore, lifetime / 4 || warnBefore), // a session of a minute needs a later warning than one of a week
        final: Date.parse(answer?.maxExpiresAt ?? '') - at < 1000,
      }
      deadline.look()
    },

    /** Looks at the clock, and returns whether it is time to warn. */
    look: () => (near = end !== null && deadline.left() <= end.warnAt),

    /**
     * In ms. performance.now may stop while a laptop sleeps, and the time of day can be set back,
     * so the clock that has run further counts.
     */
    left: () => (end ? end.left - Math.max(clock.now() - end.wall, clock.elapsed() - end.elapsed) : Infinity),

    known: () => end !== null,
    final: () => end?.final === true,
    /** What the last look found. The warning and the next timer follow from the same look: time passes between two looks, and with one for each there was a timer for the end, but no warning. */
    isNear: () => near,
    isVeryNear: () => end !== null && deadline.left() <= end.warnAt / 4,

    /** When to look again, in ms from now. After the end there is no such time: a server that is away must not be asked all the time. */
    next() {
      const left = deadline.left()
      if (!end || left <= 0) return Infinity
      return near ? left + 500 : left - end.warnAt
    },
  }
  return deadline
}
