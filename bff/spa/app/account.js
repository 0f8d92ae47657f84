// The account page: name, address, password, devices and deletion.
import { useEffect, useState } from '../vendor/hooks.js'
import { ask } from './ask.js'
import { AwayError, awayText, problems } from './auth.js'
import { emailProblem, Field, FormError, found, newPasswordProblem, Submit, useForm } from './form.js'
import { html } from './html.js'
import { passwordRule } from './page.js'
import { navigate } from './route.js'
import { checkAnswer, changed, setHandle, session } from './session.js'
import { useStore } from './store.js'
import { settle } from './tasks.js'
import { Away, Dialog, Heading, Icon, Skeleton, toast } from './ui.js'

/** @param {{ focus: boolean }} props */
export function Account({ focus }) {
	return html`<main class="page account">
		<${Heading} title="Account" focus=${focus} />
		<${Name} /><${Address} /><${Password} /><${Devices} /><${DeleteAccount} />
	</main>`
}

/** @param {{ title: string, lead?: unknown, children?: unknown, danger?: boolean }} props */
const Section = ({ title, lead, children, danger }) => html`<section class=${danger ? 'card danger' : 'card'} aria-labelledby=${'about-' + title.replace(/\W/g, '-')}>
	<div><h2 tabindex="-1" id=${'about-' + title.replace(/\W/g, '-')}>${title}</h2>${lead && html`<p class="hint">${lead}</p>`}</div>
	<div>${children}</div>
</section>`

function Name() {
	const { user } = useStore(session)
	const form = useForm(['name'], async ({ name }) => {
			await ask('POST', '/update-user', { name: name.trim() })
			changed({ name: name.trim() })
			toast('Your name is saved.')
		},
		{ check: ({ name }) => found({ name: !name.trim() ? 'Enter a name.' : new Blob([name]).size > 1024 ? 'This name is too long.' : '' }) },
	)
	return html`<${Section} title="Name" lead="What should we call you?">
		<form onSubmit=${form.submit} novalidate>
			<${Field} form=${form} name="name" label="Name" complete="name" value=${user?.name} />
			<${FormError} form=${form} />
			<${Submit} form=${form} label="Save name" kind="" />
		</form>
	<//>`
}

function Address() {
	const { user } = useStore(session)
	const [mailed, setMailed] = useState('')
	const form = useForm(['email'], async ({ email }, element) => {
			setMailed('')
			await ask('POST', '/change-email', { newEmail: email.trim(), callbackURL: '/account?link=changed' })
			setMailed(email.trim())
			element.reset()
		},
		{ check: ({ email }) => found({ email: emailProblem(email.trim()) }) },
	)
	const [sent, setSent] = useState(false)
	const [said, say] = useState('')
	const confirm = () =>
		ask('POST', '/send-verification-email', { email: user?.email ?? '', callbackURL: '/account?link=confirmed' }).then(
			() => {
				setSent(true)
				say(`We have sent a link to ${user?.email}. Follow it to confirm your address.`)
			},
			error => say(Object.values(problems(error)).join(' ')),
		)
	return html`<${Section} title="Email" lead=${html`You log in with <b>${user?.email}</b>.`}>
		${user?.emailVerified
			? html`<p class="state"><${Icon} name="check" /> Confirmed</p>`
			: html`<p class="state">Not confirmed yet. <button type="button" class="link" onClick=${confirm}>${sent ? 'Send the link again' : 'Send a link to confirm it'}</button></p>`}
		<p class="hint" role="status">${said}</p>
		<form onSubmit=${form.submit} novalidate>
			<${Field} form=${form} name="email" label="New email" type="email" complete="email" mode="email" hint="Your address changes when you follow the link that we send to the new one. Stay logged in here until then." />
			<${FormError} form=${form} />
			<p class="note" role="status" hidden=${!mailed}>${mailed && html`We have sent a link to <b>${mailed}</b>. Until you follow it, your address does not change. Your current address gets a mail too, with a link that stops the change.`}</p>
			<${Submit} form=${form} label="Change email" kind="" />
		</form>
	<//>`
}

function Password() {
	const { user } = useStore(session)
	const form = useForm(['password', 'newPassword'], async ({ password, newPassword }, element) => {
			const { token } = checkAnswer(await ask('POST', '/change-password', { currentPassword: password, newPassword, revokeOtherSessions: true }))
			setHandle(token ?? '')
			element.reset()
			toast('Your password is changed. Your other devices are logged out.')
		},
		{ check: ({ password, newPassword }) => found({ password: password ? '' : 'Enter your current password.', newPassword: newPasswordProblem(newPassword) }) },
	)
	return html`<${Section} title="Password" lead="Changing it logs out all your other devices.">
		<form onSubmit=${form.submit} novalidate>
			<input type="email" name="username" autocomplete="username" value=${user?.email} hidden readonly />
			<${Field} form=${form} name="password" label="Current password" type="password" complete="current-password" />
			<${Field} form=${form} name="newPassword" label="New password" type="password" complete="new-password" hint=${passwordRule} />
			<${FormError} form=${form} />
			<${Submit} form=${form} label="Change password" kind="" />
		</form>
		<p class="aside"><a href="/forgot">Forgot your password?</a></p>
	<//>`
}

/**
 * @typedef {{ token: string, userAgent: string, ipAddress: string, createdAt: string, updatedAt: string }} Device
 */

/** Browsers name other browsers in their User-Agent. So the patterns are ordered: the first match is the most specific. @param {string} agent */
function deviceName(agent) {
	const first = (/** @type {[RegExp, string][]} */ names) => names.find(([pattern]) => pattern.test(agent))?.[1]
	const browser = first([[/Edg/, 'Edge'], [/OPR|Opera/, 'Opera'], [/Firefox|FxiOS/, 'Firefox'], [/Chrome|CriOS|Chromium/, 'Chrome'], [/Safari/, 'Safari'], [/curl/, 'curl']])
	const system = first([[/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux|X11/, 'Linux']])
	return [browser, system].filter(Boolean).join(' on ') || 'Unknown device'
}

const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

function Devices() {
	const { handle } = useStore(session)
	const [list, setList] = useState(/** @type {Device[]|null} */ (null))
	const [away, setAway] = useState(false)
	const [busy, setBusy] = useState('')
	const load = async () => {
		try {
			const found = await ask('GET', '/list-sessions')
			if (!Array.isArray(found)) throw new AwayError(awayText)
			setList(found)
			setAway(false)
		} catch {
			setAway(true)
		}
	}
	useEffect(() => void load(), [handle])
	const end = async (/** @type {string} */ which) => {
		if (busy) return
		setBusy(which)
		try {
			if (which === 'others') await ask('POST', '/revoke-other-sessions', {})
			else await ask('POST', '/revoke-session', { token: which })
			toast(which === 'others' ? 'All other devices are logged out.' : 'The device is logged out.')
			document.getElementById('about-Devices')?.focus({ preventScroll: true }) // the pressed button disappears
			void load()
		} catch (error) {
			for (const text of Object.values(problems(error))) toast(text, { bad: true })
		} finally {
			setBusy('')
		}
	}
	return html`<${Section} title="Devices" lead="Where you are logged in.">
		${away && html`<${Away} text=${awayText} onRetry=${load} />`}
		${!list && !away && html`<${Skeleton} lines=${2} label="Loading devices" />`}
		${list && html`<ul class="devices">${list.map(device => {
			const name = deviceName(device.userAgent)
			const own = device.token === handle
			return html`<li key=${device.token}>
				<${Icon} name=${/iPhone|Android/.test(device.userAgent) ? 'phone' : 'device'} />
				<div><p>${name} ${own && html`<span class="badge">This device</span>`}</p><p class="hint">${device.ipAddress ? device.ipAddress + ', ' : ''}since ${when.format(new Date(device.createdAt))}</p></div>
				${!own && html`<button type="button" class="small" aria-label=${`Log out ${name}, since ${when.format(new Date(device.createdAt))}`} aria-disabled=${busy ? 'true' : undefined} onClick=${() => end(device.token)}>Log out</button>`}
			</li>`
		})}</ul>`}
		${list && list.length > 1 && html`<button type="button" aria-disabled=${busy ? 'true' : undefined} onClick=${() => end('others')}>Log out all other devices</button>`}
	<//>`
}

function DeleteAccount() {
	const { user } = useStore(session)
	const [asking, setAsking] = useState(false)
	const form = useForm(['password'], async ({ password }) => {
			await settle()
			await ask('POST', '/delete-user', { password })
			session.leaveEverywhere()
			navigate('/signup', { replace: true })
			toast('Your account is deleted.')
		},
		{ check: ({ password }) => found({ password: password ? '' : 'Enter your password.' }) },
	)
	return html`<${Section} title="Delete account" danger=${true} lead="This deletes your account and all your tasks immediately and permanently.">
		<button type="button" class="bad" onClick=${() => setAsking(true)}>Delete account…</button>
		${asking && html`<${Dialog} title="Delete your account?" onClose=${() => setAsking(false)}>
			<p class="lead">This also deletes all your tasks. You cannot undo it.</p>
			<form onSubmit=${form.submit} novalidate>
				<input type="email" name="username" autocomplete="username" value=${user?.email} hidden readonly />
				<${Field} form=${form} name="password" label="Password" type="password" complete="current-password" focus=${true} />
				<${FormError} form=${form} />
				<div class="actions">
					<${Submit} form=${form} label="Delete account" kind="primary bad" />
					<button type="button" onClick=${() => setAsking(false)}>Keep it</button>
				</div>
			</form>
		<//>`}
	<//>`
}
