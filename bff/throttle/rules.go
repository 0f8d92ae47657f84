package throttle

import (
	"net/netip"
	"strings"
	"time"

	"vestibule/internal/web"
)

// rule is a limit: so many attempts in a window, and for how long the first one
// too many blocks.
type rule struct {
	name    string
	limit   int
	window  time.Duration
	block   time.Duration
	success effect
}

// effect is what a success does to a counter.
type effect int

const (
	takesBack effect = iota // the attempt was none
	clears                  // all the attempts before were the owner's too
	// marks: the counter is no limit. It is there for the rule's window after a success,
	// and as long as it is, the rules that spare the known do not hold.
	marks
	clearsUnlessKnown // clears; the rule spares the known
)

// The numbers. NIST SP 800-63B-4 §3.2.2 allows at most 100 guesses in a row at one
// account; these come to about 30 an hour from one place and 70 from everywhere,
// fewer as blocks grow. The address's are for a whole office behind one address,
// whose good sign-ins do not count.
//
// A /48 of IPv6 is what one customer can have: 65 536 places. Two of its windows that
// meet within the account's hold 41 attempts, so that it never reaches the account's
// limit alone. Where the owner has signed in lately they are not kept out by what
// others do to the account, wherever those are.
var (
	signInPair    = &rule{"sign-in pair", 10, 10 * time.Minute, 5 * time.Minute, clears}
	signInNetwork = &rule{"sign-in network", 20, time.Hour, time.Hour, clearsUnlessKnown}
	signInAccount = &rule{"sign-in account", 50, time.Hour, 15 * time.Minute, clearsUnlessKnown}
	signInKnown   = &rule{name: "sign-in known", window: 90 * 24 * time.Hour, success: marks}
	signInAddress = &rule{"sign-in address", 100, 10 * time.Minute, 5 * time.Minute, takesBack}
	signUpAddress = &rule{"sign-up address", 60, time.Hour, 15 * time.Minute, takesBack}
	checkSession  = &rule{"check session", 10, 10 * time.Minute, 5 * time.Minute, clears}
	checkUser     = &rule{"check user", 50, time.Hour, 5 * time.Minute, clears}
	checkLink     = &rule{"check link", 10, 10 * time.Minute, 5 * time.Minute, clears}
	mailRecipient = &rule{"mail recipient", 5, time.Hour, 15 * time.Minute, takesBack}
	mailAddress   = &rule{"mail address", 50, time.Hour, 15 * time.Minute, takesBack}
	clientPair    = &rule{"client pair", 10, 10 * time.Minute, 5 * time.Minute, takesBack}
	clientAddress = &rule{"client address", 100, 10 * time.Minute, 5 * time.Minute, takesBack}
)

// Attempt is what is about to be tried, as it is counted. What comes last in it, the
// client or the user, is what its places in the counting room count by.
type Attempt []counted

type counted struct {
	rule  *rule
	value string
}

// SignIn is a sign-in to the account with an e-mail address, from a client. It
// counts against the two together, so that nobody far away locks the owner out by
// guessing, and against each: many clients that guess at one account, and one
// client that tries many. Of IPv6 the account and the /48 count together too.
func SignIn(email, ip string) Attempt {
	return append(Proven(email, ip), counted{signInAddress, web.ClientKey(ip)})
}

// Proven is what counts against an account at a client. It has succeeded when the
// owner has shown otherwise than by their password that the account is theirs.
func Proven(email, ip string) Attempt {
	email = account(email)
	pair := email + "\x00" + web.ClientKey(ip)
	a := Attempt{{signInPair, pair}, {signInAccount, email}, {signInKnown, pair}}
	if network := network(ip); network != "" {
		a = append(a, counted{signInNetwork, email + "\x00" + network})
	}
	return a
}

// SignUp is a new account, made from a client.
func SignUp(ip string) Attempt { return Attempt{{signUpAddress, web.ClientKey(ip)}} }

// CheckPassword is the password of somebody who is signed in, in a session. It counts
// against the session first: with blocks that grow one session makes 40 attempts an
// hour, so that a thief who has one does not keep the owner from changing the password
// in another.
func CheckPassword(userID, sessionID string) Attempt {
	return Attempt{{checkSession, userID + "\x00" + sessionID}, {checkUser, userID}}
}

// CheckLink is the password of a user, given by somebody who has come by a link that
// was mailed. It counts apart from CheckPassword: the link to a mistyped address must
// not let a stranger shut the owner out.
func CheckLink(userID string) Attempt { return Attempt{{checkLink, userID}} }

// SendMail is a mail to an address that a client asks for.
func SendMail(email, ip string) Attempt {
	return Attempt{{mailRecipient, account(email)}, {mailAddress, web.ClientKey(ip)}}
}

// ClientSecret is a wrong secret of a service client, from an address. Only these
// are counted, after the secret was found to be wrong: 256 random bits are not
// guessed, so the limits need not come first, and a service that has the right
// secret gets its token whatever others try. They bound what wrong ones write.
func ClientSecret(clientID, ip string) Attempt {
	ip = web.ClientKey(ip)
	return Attempt{{clientPair, clientID + "\x00" + ip}, {clientAddress, ip}}
}

// account is the one form of an e-mail address.
func account(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// network is the /48 of an IPv6 address, and "" for any other.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ""
	}
	prefix, err := addr.WithZone("").Prefix(48)
	if err != nil {
		return ""
	}
	return prefix.String()
}
