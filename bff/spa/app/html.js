// Templates: htm turns them into Preact nodes without a build step. Text is always escaped:
// nothing sets raw HTML.
import htm from '../vendor/htm.js'
import { h } from '../vendor/preact.js'

export const html = htm.bind(h)
