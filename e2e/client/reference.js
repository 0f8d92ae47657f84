// The real Better Auth server, with the settings that Vestibule stands for, so
// that the tests can be held to it:
// node reference.js PORT MAIL_DIR BASE_URL [expose] [require] [strict]
import './webcrypto.js'

import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { bearer, jwt } from 'better-auth/plugins'

const [port, mails, baseURL, ...switches] = process.argv.slice(2)
const expose = switches.includes('expose')
const required = switches.includes('require')
const strict = switches.includes('strict')

// Mails in the form in which Vestibule leaves them.
let sent = 0
function mail(kind, to, url) {
  mkdirSync(mails, { recursive: true })
  const name = join(mails, `${String(++sent).padStart(6, '0')}-${kind}.eml`)
  const boundary = randomBytes(8).toString('hex')
  writeFileSync(name + '.tmp', [
    `To: <${to}>`, 'From: <no-reply@localhost>', 'MIME-Version: 1.0', `Content-Type: multipart/alternative; boundary=${boundary}`, '',
    `--${boundary}`, 'Content-Type: text/plain; charset=UTF-8', '', url, '', `--${boundary}--`, '',
  ].join('\r\n'))
  renameSync(name + '.tmp', name)
}

const database = { user: [], session: [], account: [], verification: [], jwks: [] }
const auth = betterAuth({
  baseURL,
  secret: '7f9c8e3a2b1d4f6e8c9a0b2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d1e2f',
  database: memoryAdapter(database),
  trustedOrigins: ['https://app.example.com'],
  telemetry: { enabled: false },
  rateLimit: { enabled: strict },
  logger: { disabled: true },
  session: strict ? { freshAge: 1 } : {},
  emailAndPassword: {
    enabled: true,
    requireEmailVerification: required,
    sendResetPassword: async ({ user, url }) => mail('reset-password', user.email, url),
    onExistingUserSignUp: async ({ user }) => mail('address-taken', user.email, 'notice'),
  },
  emailVerification: { sendVerificationEmail: async ({ user, url }) => mail('verify-email', user.email, url) },
  user: {
    changeEmail: { enabled: true },
    deleteUser: { enabled: true },
  },
  plugins: expose ? [jwt(), bearer()] : [],
})

createServer(toNodeHandler(auth)).listen(Number(port), 'localhost', () => console.log('listening'))
