// Node 18, which Debian 12 has, keeps Web Crypto in a module of its own.
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto
