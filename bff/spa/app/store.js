// A value with listeners that are told about changes.
import { useLayoutEffect, useReducer } from '../vendor/hooks.js'

/**
 * @template T
 * @typedef {{ get: () => T, set: (next: T) => void, merge: (part: Partial<T>) => void, follow: (listener: () => void) => () => void }} Store
 */

/**
 * @template T
 * @param {T} value
 * @returns {Store<T>}
 */
export function createStore(value) {
	/** @type {Set<() => void>} */
	const listeners = new Set()
	const store = {
		get: () => value,
		/** @param {T} next */
		set(next) {
			if (Object.is(next, value)) return
			value = next
			for (const listener of [...listeners]) listener()
		},
		/** @param {Partial<T>} part */
		merge(part) {
			store.set({ ...value, ...part })
		},
		/** @param {() => void} listener */
		follow(listener) {
			listeners.add(listener)
			return () => void listeners.delete(listener)
		},
	}
	return store
}

/**
 * @template T
 * @param {Pick<Store<T>, 'get'|'follow'>} store
 * @returns {T}
 */
export function useStore(store) {
	const seen = store.get()
	const [, again] = useReducer((/** @type {number} */ n) => n + 1, 0)
	useLayoutEffect(() => {
		if (store.get() !== seen) again(undefined) // it changed between the render and the subscription
		return store.follow(() => again(undefined))
	}, [store])
	return seen
}
