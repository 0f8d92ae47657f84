// The examples of docs/client.md, run as they stand in a page of the BFF.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { transform } from 'esbuild'

import { base } from '../harness.js'
import { fetchOf, signedIn, until } from './support.js'

const root = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/client.md', root), 'utf8')
const examples = [...page.matchAll(/^## (.*)$|^```ts\n([^]*?)^```$/gm)]

test('every example runs and says something', async (t) => {
  const { browser, client } = await signedIn()
  const real = { fetch: globalThis.fetch, log: console.log }
  const folder = mkdtempSync(join(tmpdir(), 'examples-'))
  const said = []
  const inPage = fetchOf(browser)
  globalThis.fetch = (url, init) => {
    if (String(url).startsWith(base)) return real.fetch(url, init) // what inPage asks for
    const { pathname, search } = new URL(url, 'http://localhost:3000')
    return inPage(pathname + search, init)
  }
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
    const { follow } = await import(pathToFileURL(file))
    if (follow) {
      const stop = follow()
      await until('the list', () => said.length > before)
      await client.createTask({ title: 'Seen everywhere' })
      await until('the new task', () => said.includes('new: Seen everywhere'))
      stop()
    }
    assert.ok(said.length > before, `the example of ${title} says nothing`)
  }
  assert.ok(n >= 7, `got ${n} examples`)
  assert.ok(said.some((line) => line.startsWith('Title: must have 1 to 255')), said.join('\n'))
  assert.ok(said.includes('true') && said.includes('changed meanwhile: Water all plants'), said.join('\n'))
})
