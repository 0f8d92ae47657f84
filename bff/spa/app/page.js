// What the server has written into the page, and the address of the sign, which is beside
// the script that all modules become.

/** @param {string} name */
const meta = name => document.querySelector(`meta[name="${name}"]`)?.getAttribute('content') ?? ''

export const appName = meta('application-name') || 'Vestibule'
export const logo = new URL('icon.svg', import.meta.url).pathname

const shortest = Number(meta('password-min-length')) || 8

/** The rule for new passwords, for people who have not tried one yet. */
export const passwordRule = `At least ${shortest} characters. A few unrelated words make a good one, a common password does not.`
