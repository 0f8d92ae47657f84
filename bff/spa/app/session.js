// Who is signed in. client/session.js knows how a session begins, ends and returns; here are the
// requests of our own forms, and the words.
import { createSession } from '../client/session.js'
import { AwayError, awayText, call } from './auth.js'

/**
 * @typedef {import('../client/session.js').SessionUser} User
 * @typedef {import('../client/session.js').SessionState} Session
 */

export const session = createSession()

export const { load, retry, isStillValid, lost: markLost, stay } = session

/** Why nobody is signed in, for the person. @param {string} why */
export const whyText = why => (why === 'elsewhere' ? 'You have logged out in another tab.' : why)

/**
 * Our server's answers about a person always contain the user. JSON without it does not come
 * from our server.
 * @param {any} answer
 * @returns {import('../client/session.js').SessionAnswer}
 */
export function checkAnswer(answer) {
	if (typeof answer?.user?.id !== 'string') throw new AwayError(awayText)
	return answer
}

/**
 * @param {string} email
 * @param {string} password
 */
export async function signIn(email, password) {
	session.enter(checkAnswer(await call('POST', '/sign-in/email', { email, password })))
}

/**
 * @param {string} name
 * @param {string} email
 * @param {string} password
 * @returns {Promise<boolean>} false when the address must be confirmed first
 */
export async function signUp(name, email, password) {
	const answer = checkAnswer(await call('POST', '/sign-up/email', { name, email, password, callbackURL: '/tasks?link=confirmed' }))
	if (!answer.token) return false
	session.enter(answer)
	return true
}

export async function signOut() {
	await call('POST', '/sign-out', {})
	session.leaveEverywhere()
}

/** @param {Partial<User>} user */
export const changed = user => session.update({ user })

/** @param {string} handle */
export const setHandle = handle => session.update({ handle })
