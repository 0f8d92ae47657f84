// Without a root, Next.js looks for it in the folders above.
export default { outputFileTracingRoot: import.meta.dirname, turbopack: { root: import.meta.dirname } }
