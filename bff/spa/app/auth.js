// The BFF's own endpoints: accounts and sessions. The session is a cookie that
// this script cannot see; nothing secret passes through here.

/** The server has said no. */
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

/** The server has said nothing, or nothing that makes sense. */
export class AwayError extends Error {
	name = 'AwayError'
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
		// A proxy's error page, a captive portal: whatever is not JSON did not come
		// from our server.
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

/** What to say ('': what the server says), and at which field. A key that a form does not have falls to the form itself. */
const texts = /** @type {Record<string, [field: string, text: string]>} */ ({
	PASSWORD_TOO_SHORT: ['newPassword', ''], // the server says how long
	PASSWORD_TOO_LONG: ['newPassword', 'This password is too long. Use at most 128 characters.'],
	PASSWORD_COMPROMISED: ['newPassword', ''], // the server says why
	USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: ['email', 'There is an account with this address already. Log in, or use another address.'],
	INVALID_EMAIL: ['email', 'This is not an email address.'],
	INVALID_EMAIL_OR_PASSWORD: ['password', 'The email or the password is wrong.'],
	INVALID_PASSWORD: ['password', 'This is not your current password.'],
	EMAIL_IS_THE_SAME: ['email', 'This is your address already.'],
	EMAIL_NOT_VERIFIED: ['', 'Your address is not confirmed yet. Follow the link in the mail that we sent you.'],
	EMAIL_ALREADY_VERIFIED: ['', 'Your address is confirmed already.'],
	INVALID_TOKEN: ['', 'This link has expired or was used. Ask for a new one.'],
	SESSION_EXPIRED: ['password', 'Enter your password: you logged in more than a day ago.'],
})

/**
 * problems turns an error into texts by field; '' is the form.
 * @param {unknown} error
 * @returns {Record<string, string>}
 */
export function problems(error) {
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
	const [field, text] = texts[error.code] ?? ['', '']
	return { [field]: text || error.message || 'That did not work.' }
}
