// Templates: htm turns them into Preact's nodes, without a build step. Text is
// always text: nothing here ever sets markup.
import htm from '../vendor/htm.js'
import { h } from '../vendor/preact.js'

export const html = htm.bind(h)
