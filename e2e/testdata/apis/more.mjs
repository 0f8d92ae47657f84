
// What the Express backend of docs/backend.md has beside whoami when it is one of three APIs
// (ownapis_test.go).
import { decodeJwt } from 'jose'
import { WebSocketServer } from 'ws'

app.get('/api/orders', signedIn, (req, res) => {
  const { scope = '', sub } = decodeJwt(req.headers.authorization.split(' ')[1]) // signedIn has verified it
  if (!scope.split(' ').includes('orders:read')) return res.status(403).json({ detail: 'Insufficient scope' })
  res.json({ orders_for: sub })
})

app.get('/api/public/echo', (req, res) => res.json(req.headers))

// A storage has the files, at addresses that are signed.
const place = name => name === 'elsewhere' ? 'https://elsewhere.example/x' : `${process.env.STORAGE_URL}/${name}?X-Signature=${name}-signed`
app.get('/api/files/:name', signedIn, (req, res) => res.redirect(302, place(req.params.name)))
app.put('/api/files/:name', signedIn, (req, res) => res.redirect(307, place(req.params.name)))

// A chat: all others get what somebody says, and are told who has left.
const chat = new WebSocketServer({ noServer: true })
const tell = (except, what) => {
  for (const one of chat.clients) if (one !== except) one.send(JSON.stringify(what))
}
server.on('upgrade', async (req, socket, head) => {
  let user
  try {
    user = (await jwtVerify(req.headers.authorization?.split(' ')[1], key, rules)).payload.sub
  } catch {
    return socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  }
  chat.handleUpgrade(req, socket, head, one => {
    one.on('message', text => tell(one, { from: user, text: String(text) }))
    one.on('close', () => tell(one, { left: user }))
  })
})
