package throttle

import (
	"net/netip"
	"strings"
	"time"
)

// rule is a limit: so many attempts in a window, and for how long the first one
// too many blocks.
type rule struct {
	name     string
	limit    int
	window   time.Duration
	block    time.Duration
	forgives bool // a success clears the counter; else it takes itself back
}

// The numbers. NIST SP 800-63B-4 §3.2.2 allows at most 100 guesses in a row at one
// account; these come to about 30 an hour from one place and 70 from everywhere,
// fewer as blocks grow. The address's are for a whole office behind one address,
// whose good sign-ins do not count.
var (
	signInPair    = &rule{"sign-in pair", 10, 10 * time.Minute, 5 * time.Minute, true}
	signInAccount = &rule{"sign-in account", 50, time.Hour, 15 * time.Minute, true}
	signInAddress = &rule{"sign-in address", 100, 10 * time.Minute, 5 * time.Minute, false}
	signUpAddress = &rule{"sign-up address", 60, time.Hour, 15 * time.Minute, false}
	checkUser     = &rule{"check user", 10, 10 * time.Minute, 5 * time.Minute, true}
	mailRecipient = &rule{"mail recipient", 5, time.Hour, 15 * time.Minute, false}
	mailAddress   = &rule{"mail address", 50, time.Hour, 15 * time.Minute, false}
	linkAddress   = &rule{"link address", 30, 10 * time.Minute, 5 * time.Minute, false}
	clientPair    = &rule{"client pair", 10, 10 * time.Minute, 5 * time.Minute, false}
	clientAddress = &rule{"client address", 100, 10 * time.Minute, 5 * time.Minute, false}
)

// Attempt is what is about to be tried, as it is counted.
type Attempt []counted

type counted struct {
	rule  *rule
	value string
}

// SignIn is a sign-in to the account with an e-mail address, from a client. It
// counts against the two together, so that nobody far away locks the owner out by
// guessing, and against each: many clients that guess at one account, and one
// client that tries many.
func SignIn(email, ip string) Attempt {
	email, ip = account(email), client(ip)
	return Attempt{{signInPair, email + "\x00" + ip}, {signInAccount, email}, {signInAddress, ip}}
}

// SignUp is a new account, made from a client.
func SignUp(ip string) Attempt { return Attempt{{signUpAddress, client(ip)}} }

// CheckPassword is the password of somebody who is signed in.
func CheckPassword(userID string) Attempt { return Attempt{{checkUser, userID}} }

// SendMail is a mail to an address that a client asks for.
func SendMail(email, ip string) Attempt {
	return Attempt{{mailRecipient, account(email)}, {mailAddress, client(ip)}}
}

// UseLink is the token of a mail's link, brought by a client.
func UseLink(ip string) Attempt { return Attempt{{linkAddress, client(ip)}} }

// ClientSecret is a wrong secret of a service client, from an address. Only these
// are counted, after the secret was found to be wrong: 256 random bits are not
// guessed, so the limits need not come first, and a service that has the right
// secret gets its token whatever others try. They bound what wrong ones write.
func ClientSecret(clientID, ip string) Attempt {
	ip = client(ip)
	return Attempt{{clientPair, clientID + "\x00" + ip}, {clientAddress, ip}}
}

// account is the one form of an e-mail address.
func account(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// client is what counts as one client: an IPv4 address, or the /64 that a provider
// gives to one customer of IPv6. Whoever has no address shares a counter with all
// who have none.
func client(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap() // a prefix has no zone
	if addr.Is4() {
		return addr.String()
	}
	network, err := addr.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return network.String()
}
