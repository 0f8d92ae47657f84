// The quickstart's proxy, with the least that makes it work: the session comes from Better
// Auth, and the API gets a token that it can verify. The quickstart sends the session's own
// secret, which is no JWT, and names the edge runtime, which cannot reach PostgreSQL. The
// token is signed once for each session and kept, as Vestibule does it.
import { SignJWT } from 'jose'
import { NextResponse } from 'next/server'

import { auth } from '../../../../lib/auth.js'

export const dynamic = 'force-dynamic'

const backend = process.env.BACKEND_URL
const secret = new TextEncoder().encode(process.env.BETTER_AUTH_SECRET)
const tokens = new Map()

async function tokenOf({ session, user }) {
	const kept = tokens.get(session.id)
	const now = Date.now()
	if (kept && kept.until > now) return kept.token
	const token = await new SignJWT({})
		.setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
		.setSubject(user.id)
		.setIssuer('better-auth')
		.setAudience('fastapi-backend')
		.setIssuedAt()
		.setExpirationTime('5m')
		.sign(secret)
	tokens.set(session.id, { token, until: now + 4 * 60_000 })
	return token
}

async function handle(request, { params }) {
	const session = await auth.api.getSession({ headers: request.headers })
	if (!session) {
		return NextResponse.json({ error: 'Unauthorized', message: 'No session token found' }, { status: 401 })
	}
	const { path } = await params
	const options = {
		method: request.method,
		headers: { Authorization: `Bearer ${await tokenOf(session)}`, 'Content-Type': 'application/json' },
		cache: 'no-store',
	}
	if (['POST', 'PUT', 'PATCH'].includes(request.method)) {
		options.body = JSON.stringify(await request.json())
	}
	const response = await fetch(`${backend}/api/${path.join('/')}`, options)
	return NextResponse.json(await response.json(), { status: response.status })
}

export { handle as GET, handle as POST, handle as PUT, handle as PATCH, handle as DELETE }
