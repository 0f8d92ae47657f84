// Key presses in text fields.

// Ignore key presses with which an input method chooses a word. Safari ends the composition
// before it reports that key, so only keyCode 229 shows it.
export const composes = (/** @type {KeyboardEvent} */ event) => event.isComposing || event.keyCode === 229
export const enters = (/** @type {KeyboardEvent} */ event) => event.key === 'Enter' && !event.shiftKey && !composes(event)

/** Ctrl+Enter, or Cmd+Enter. @param {KeyboardEvent} event */
export const submits = event => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !composes(event)

/** Whether a key goes to a text field, which has its own undo. @param {KeyboardEvent} event */
export const inText = event => event.target instanceof Element && event.target.matches('textarea, input:not([type=checkbox])')
