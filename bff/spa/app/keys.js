// Key presses in text fields.

// Ignore key presses with which an input method chooses a word. Safari ends the composition
// before it reports that key, so only keyCode 229 shows it.
export const composes = (/** @type {KeyboardEvent} */ event) => event.isComposing || event.keyCode === 229
export const enters = (/** @type {KeyboardEvent} */ event) => event.key === 'Enter' && !event.shiftKey && !composes(event)
