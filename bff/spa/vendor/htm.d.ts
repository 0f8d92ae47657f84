import type { VNode } from './preact.js'
interface HTM {
	bind(h: (type: unknown, props: Record<string, unknown> | null, ...children: never[]) => VNode): (strings: TemplateStringsArray, ...values: unknown[]) => VNode
}
declare const htm: HTM
export default htm
