// openid-client configures itself from the discovery document alone, and so does jose.
import assert from 'node:assert/strict'
import test from 'node:test'

import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as client from 'openid-client'

const { BASE_URL, CLIENT_ID, CLIENT_SECRET } = process.env
const discover = (url, auth) => client.discovery(new URL(url), CLIENT_ID, CLIENT_SECRET, auth, { algorithm: 'oauth2' })

for (const [name, auth] of [['Basic', client.ClientSecretBasic(CLIENT_SECRET)], ['the body', client.ClientSecretPost(CLIENT_SECRET)]]) {
  test(`a token is issued, introspected and revoked, with the credentials in ${name}`, async () => {
    const config = await discover(BASE_URL, auth)
    const server = config.serverMetadata()
    const { access_token, expires_in, scope } = await client.clientCredentialsGrant(config, { scope: 'orders:read' })
    assert.equal(scope, 'orders:read')
    assert.ok(expires_in > 0)

    const keys = createRemoteJWKSet(new URL(server.jwks_uri))
    const { payload } = await jwtVerify(access_token, keys, { issuer: server.issuer, audience: 'orders', requiredClaims: ['exp'] })
    assert.equal(payload.sub, CLIENT_ID)

    const good = await client.tokenIntrospection(config, access_token)
    assert.equal(good.active, true)
    assert.equal(good.scope, 'orders:read')
    assert.equal(good.aud, 'orders')

    await client.tokenRevocation(config, access_token)
    await client.tokenRevocation(config, access_token)
    await client.tokenRevocation(config, 'not a token')
    assert.deepEqual(await client.tokenIntrospection(config, access_token), { active: false })
  })
}

test('another name of the server is refused', async () => {
  await assert.rejects(discover(BASE_URL.replace('localhost', '127.0.0.1')), /issuer/)
})

test('a refusal has the form of OAuth', async () => {
  const config = await discover(BASE_URL)
  await assert.rejects(client.clientCredentialsGrant(config, { scope: 'orders:write' }), (e) => e.error === 'invalid_scope' && e.status === 400)
})
