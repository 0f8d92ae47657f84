import { betterAuth } from 'better-auth'
import { Pool } from 'pg'

// The pool has as many connections as a Vestibule process has.
export const auth = betterAuth({
	database: new Pool({ connectionString: process.env.DATABASE_URL, max: 18 }),
	emailAndPassword: { enabled: true },
	session: { expiresIn: 60 * 60 * 24 * 7, updateAge: 60 * 60 * 24 },
})
