import { test } from 'node:test'

import { ours } from './harness.js'

// differs tries a difference that is meant (docs/better-auth.md has the reasons) on both
// servers: the real one must do what the first function says, and ours what the second says.
export function differs(what, theirs, ourWay) {
  test(what, ours ? ourWay : theirs)
}
