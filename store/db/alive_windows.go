package db

import "net"

// canPeek: ended cannot tell on this system.
const canPeek = false

func ended(net.Conn) bool { return false }
