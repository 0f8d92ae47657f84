package db

import "net"

// ended cannot tell on this system: a write on a connection that has died while idle fails.
func ended(net.Conn) bool { return false }
