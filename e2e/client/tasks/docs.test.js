// The examples of docs/client.md, run as they stand in a page of the BFF.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { transform } from 'esbuild'

import { base } from '../harness.js'
import { fetchOf, signedIn } from './support.js'

const root = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/client.md', root), 'utf8')
const examples = [...page.matchAll(/^## (.*)$|^```ts\n([^]*?)^```$/gm)]

test('every example runs and says something', async (t) => {
  const { browser, client } = await signedIn()
  const real = { fetch: globalThis.fetch, log: console.log }
  const folder = mkdtempSync(join(tmpdir(), 'examples-'))
  const said = []
  globalThis.fetch = (url, init) => {
    const { pathname, search } = new URL(url, 'http://localhost:3000')
    return fetchOf(browser)(pathname + search, init)
  }
  // fetchOf itself needs the real one.
  const inPage = globalThis.fetch
  globalThis.fetch = (url, init) => (String(url).startsWith(base) ? real.fetch(url, init) : inPage(url, init))
  console.log = (...words) => said.push(words.join(' '))
  t.after(() => {
    Object.assign(globalThis, { fetch: real.fetch })
    console.log = real.log
    rmSync(folder, { recursive: true })
  })
  await client.createTask({ title: 'Something to read' })
  let title = 'the first'
  let n = 0
  for (const [, heading, source] of examples) {
    if (heading) {
      title = heading
      continue
    }
    const { code } = await transform(source.replaceAll('./client/', new URL('bff/spa/client/', root).href), { loader: 'ts', format: 'esm' })
    const file = join(folder, `${n++}.mjs`)
    writeFileSync(file, code)
    const before = said.length
    await import(pathToFileURL(file))
    assert.ok(said.length > before, `the example of ${title} says nothing`)
  }
  assert.ok(n >= 7, `got ${n} examples`)
  assert.ok(said.some((line) => line.startsWith('Title: must have 1 to 255')), said.join('\n'))
  assert.ok(said.includes('true') && said.includes('changed meanwhile: Water all plants'), said.join('\n'))
})
