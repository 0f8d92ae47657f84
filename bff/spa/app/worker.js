// Starts the service worker, which lets the app start without a network, after it has kept
// what the worker serves: this page and its files.
//
// The page does that and not the worker: Chromium sends a request for each file that a new
// worker fetches, although the browser has just loaded it.

const folder = new URL('.', import.meta.url).pathname // of the script that all modules become
const prefix = 'vestibule-app '

async function keep() {
	const cache = await caches.open(prefix + folder)
	if (await cache.match('/')) return
	const page = await fetch('/', { cache: 'no-cache' })
	// During a deploy, the page may come from an instance of another version.
	if (!page.ok || !(await page.clone().text()).includes(`src="${folder}main.js"`)) throw new Error('another version')
	for (const link of document.querySelectorAll('link[rel=stylesheet], link[rel=icon], script[src]')) {
		const file = link.getAttribute('href') ?? link.getAttribute('src') ?? ''
		const answer = await fetch(file, { cache: 'force-cache' })
		if (!answer.ok) throw new Error(`${file} is missing`)
		await cache.put(file, answer)
	}
	await cache.put('/', page) // last: it says that the others are there
	for (const name of await caches.keys()) if (name.startsWith(prefix) && name !== prefix + folder) await caches.delete(name)
}

let started = false

/** The worker's address is in the folder of this version, so a new version brings a new worker. */
export async function startWorker() {
	if (started || !('serviceWorker' in navigator) || !('caches' in globalThis)) return // browsers have none on insecure origins
	started = true
	if (document.readyState !== 'complete') await new Promise(done => addEventListener('load', done, { once: true }))
	try {
		await keep()
		await navigator.serviceWorker.register(folder + 'service-worker.js', { scope: '/', updateViaCache: 'all' })
	} catch {
		started = false // without a network, or with storage disabled, the app works as before
	}
}
