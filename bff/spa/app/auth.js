// The BFF's own endpoints: accounts and sessions. The session is a cookie that
// this script cannot see; nothing secret passes through here.

/** The server refused the request. */
export class AuthError extends Error {
	/**
	 * @param {number} status
	 * @param {string} code
	 * @param {string} message
	 * @param {number} wait seconds until it may be tried again, or 0
	 */
	constructor(status, code, message, wait) {
		super(message)
		this.name = 'AuthError'
		this.status = status
		this.code = code
		this.wait = wait
	}
}

/** The server gave no answer, or an invalid one. */
export class AwayError extends Error {
	name = 'AwayError'
}

/** The person has cancelled. This is not a failure. */
export class Cancelled extends Error {
	name = 'Cancelled'
}

export const awayText = 'The server cannot be reached. Check your connection and try again.'

/**
 * @param {'GET'|'POST'} method
 * @param {string} path
 * @param {Record<string, unknown>} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
	let answer, data
	try {
		answer = await fetch('/api/auth' + path, {
			method,
			headers: body ? { 'Content-Type': 'application/json', Accept: 'application/json' } : { Accept: 'application/json' },
			body: body ? JSON.stringify(body) : null,
			cache: 'no-store',
			redirect: 'error',
			signal: AbortSignal.timeout(20_000),
		})
		// An answer that is not JSON does not come from our server but from a proxy or a
		// captive portal.
		if (!/^application\/json\b/.test(answer.headers.get('Content-Type') ?? '')) throw new Error('not JSON')
		data = await answer.json()
	} catch (error) {
		throw new AwayError(awayText, { cause: error })
	}
	if (answer.ok) return data
	throw new AuthError(answer.status, String(data?.code ?? ''), String(data?.message ?? ''), Number(answer.headers.get('Retry-After')) || 0)
}

/** @param {number} seconds */
const inTime = seconds => (seconds > 90 ? `in ${Math.ceil(seconds / 60)} minutes` : seconds > 1 ? `in ${seconds} seconds` : 'in a moment')

/** The text for each code ('': the server's message) and its field. If the form does not have the field, the text is shown for the whole form. */
const texts = /** @type {Record<string, [field: string, text: string]>} */ ({
	PASSWORD_TOO_LONG: ['newPassword', 'This password is too long. Use at most 128 characters.'],
	PASSWORD_COMPROMISED: ['newPassword', ''], // the server gives the reason
	USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: ['email', 'This address already has an account. Log in, or use another address.'],
	INVALID_EMAIL: ['email', 'This is not an email address.'],
	INVALID_EMAIL_OR_PASSWORD: ['password', 'The email or the password is wrong.'],
	INVALID_PASSWORD: ['password', 'This is not your current password.'],
	EMAIL_IS_THE_SAME: ['email', 'This is your address already.'],
	EMAIL_ALREADY_VERIFIED: ['', 'Your address is confirmed already.'],
	SESSION_NOT_FRESH: ['', 'This needs your password, but it was entered too long ago. Try again.'],
	INVALID_TOKEN: ['', 'This link has expired or was used. Ask for a new one.'],
})

/**
 * If addresses must be confirmed first, a wrong password and an unconfirmed address get the
 * same answer, so that nobody learns who has an account. Its message says that both are
 * possible.
 * @param {unknown} error
 */
export const unconfirmed = error => error instanceof AuthError && error.code === 'INVALID_EMAIL_OR_PASSWORD' && error.message !== 'Invalid email or password'

/**
 * problems turns an error into texts by field; '' is for the whole form.
 * @param {unknown} error
 * @returns {Record<string, string>}
 */
export function problems(error) {
	if (error instanceof Cancelled) return {}
	if (error instanceof AwayError) return { '': error.message }
	if (!(error instanceof AuthError)) throw error
	if (error.status === 429) return { '': `Too many attempts. Try again ${inTime(error.wait)}.` }
	if (error.status >= 500) return { '': `The server is busy. Try again ${inTime(error.wait)}.` }
	if (error.code === 'VALIDATION_ERROR') {
		/** @type {Record<string, string>} */
		const found = {}
		for (const [, field = ''] of error.message.matchAll(/\[body\.(\w+)\]/g)) {
			found[field === 'newEmail' ? 'email' : field] = /mail/i.test(field) ? 'This is not an email address.' : 'The server does not accept this.'
		}
		if (Object.keys(found).length) return found
	}
	if (unconfirmed(error)) return { password: error.message }
	// The server's message explains its rules for passwords: the length, and no common ones.
	const [field, text] = texts[error.code] ?? [error.code.startsWith('PASSWORD_') ? 'newPassword' : '', '']
	return { [field]: text || error.message || 'That did not work.' }
}
