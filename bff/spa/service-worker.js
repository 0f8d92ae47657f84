// Lets the app start without a network. The page's worker.js keeps the page and its files, which
// are the same for everybody, and this worker serves them.
//
// The rules:
//   - It handles GET requests for pages of this app and for the app's own files. All else
//     passes unchanged: the API, the links from mails, and other paths.
//   - A page comes from the network. The kept one is only for a browser that has none, so no
//     browser shows an old version for longer than it is offline.
//   - If the server answers with a page that does not have the mark data-worker, this worker
//     removes itself and what is kept, with the tasks that the last person saw. Pages of another app have none, and a later version
//     without a worker leaves it out.
//   - There is no navigation preload: the browser would send requests that this worker then
//     leaves alone, such as a link from a mail, twice.
const worker = /** @type {any} */ (globalThis)
const prefix = 'vestibule-app '
const kept = prefix + new URL('.', location.href).pathname
const pages = ['/', '/tasks', '/account', '/login', '/signup', '/forgot', '/reset-password']
const ownPage = /<html [^>]*\bdata-worker="vestibule"/

/** @param {RequestInfo} request */
const find = request => caches.match(request, { cacheName: kept, ignoreVary: true })

/** @param {any} event */
async function getPage(event) {
	let answer
	try {
		answer = await fetch(event.request)
	} catch (error) {
		const page = await find('/')
		if (page) return page
		throw error
	}
	if (answer.ok && /^text\/html\b/.test(answer.headers.get('Content-Type') ?? '')) event.waitUntil(leaveOtherApp(answer.clone()))
	return answer
}

/** @param {Response} answer */
async function leaveOtherApp(answer) {
	if (ownPage.test(await answer.text())) return
	for (const name of await caches.keys()) if (name.startsWith(prefix)) await caches.delete(name)
	// The tasks that the last person saw (app/last-seen.js).
	await new Promise(done => {
		const deleting = indexedDB.deleteDatabase('vestibule')
		deleting.onsuccess = deleting.onerror = deleting.onblocked = done // a blocked one goes on when the other tabs are done
	})
	await worker.registration.unregister()
}

worker.addEventListener('install', () => worker.skipWaiting())
worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()))
worker.addEventListener('fetch', (/** @type {any} */ event) => {
	const { method, mode, url } = event.request
	const { origin, pathname } = new URL(url)
	if (method !== 'GET' || origin !== location.origin) return
	if (mode === 'navigate' && pages.includes(pathname)) event.respondWith(getPage(event))
	// Their names change with their content, so a kept one is always the right one.
	if (mode !== 'navigate' && pathname.startsWith('/app/')) event.respondWith(find(event.request).then(file => file ?? fetch(event.request)))
})
