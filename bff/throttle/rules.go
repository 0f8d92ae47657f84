package throttle

import (
	"net/netip"
	"strings"
	"time"

	"vestibule/internal/web"
)

// rule is a limit: the number of attempts in a window, and how long the first attempt over
// the limit blocks. Each further block lasts twice as long.
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
	decrements effect = iota // the successful attempt is no longer counted
	clears                   // earlier failures are taken for the owner's too
	// marksKnown: the counter is not a limit. A success sets it for the rule's window.
	// While it is set, the client is known and rules with clearsSkipsKnown do not apply.
	marksKnown
	clearsSkipsKnown // clears; and the rule does not apply to known clients
)

// The limits. NIST SP 800-63B-4 §3.2.2 allows at most 100 consecutive guesses at one
// account. These rules allow about 30 an hour from one client and 70 from all clients
// together, and fewer as blocks grow. The limits per address allow for a whole office
// behind one address. Its successful sign-ins do not count.
//
// One customer can have a /48 of IPv6, which contains 65 536 networks of the size /64. Two
// consecutive windows of a /48 within one window of the account hold 41 attempts, so a
// single /48 never reaches the account's limit. A client from which the owner has signed
// in recently is not blocked by attempts on the account from elsewhere.
var (
	signInPair    = &rule{"sign-in pair", 10, 10 * time.Minute, 5 * time.Minute, clears}
	signInNetwork = &rule{"sign-in network", 20, time.Hour, time.Hour, clearsSkipsKnown}
	signInAccount = &rule{"sign-in account", 50, time.Hour, 15 * time.Minute, clearsSkipsKnown}
	signInKnown   = &rule{name: "sign-in known", window: 90 * 24 * time.Hour, success: marksKnown}
	signInAddress = &rule{"sign-in address", 100, 10 * time.Minute, 5 * time.Minute, decrements}
	signUpAddress = &rule{"sign-up address", 60, time.Hour, 15 * time.Minute, decrements}
	checkSession  = &rule{"check session", 10, 10 * time.Minute, 5 * time.Minute, clears}
	checkUser     = &rule{"check user", 50, time.Hour, 5 * time.Minute, clears}
	checkLink     = &rule{"check link", 10, 10 * time.Minute, 5 * time.Minute, clears}
	profileUser   = &rule{"profile user", 60, 10 * time.Minute, 5 * time.Minute, decrements}
	mailRecipient = &rule{"mail recipient", 5, time.Hour, 15 * time.Minute, decrements}
	mailAddress   = &rule{"mail address", 50, time.Hour, 15 * time.Minute, decrements}
	clientPair    = &rule{"client pair", 10, 10 * time.Minute, 5 * time.Minute, decrements}
	clientAddress = &rule{"client address", 100, 10 * time.Minute, 5 * time.Minute, decrements}
)

// limits are the rules that refuse attempts.
var limits = []*rule{
	signInPair, signInNetwork, signInAccount, signInAddress, signUpAddress, checkSession, checkUser, checkLink,
	profileUser, mailRecipient, mailAddress, clientPair, clientAddress,
}

// Attempt lists the counters of one attempt. The value of the last counter, a client or a
// user, is also the attempt's key in the counting room.
type Attempt []counted

type counted struct {
	rule  *rule
	value string
}

// SignIn is a sign-in to the account with an e-mail address, from a client. It counts for
// the pair of both, so that a distant attacker does not lock the owner out. It also counts
// for each alone: many clients may guess at one account, and one client at many accounts.
// With IPv6, it also counts for the pair of the account and the client's /48.
func SignIn(email, ip string) Attempt {
	return append(Proven(email, ip), counted{signInAddress, web.ClientKey(ip)})
}

// Proven lists the counters of an account at a client. Pass it to Succeeded when the owner
// has proven that the account is theirs by something else than a password.
func Proven(email, ip string) Attempt {
	email = account(email)
	pair := email + "\x00" + web.ClientKey(ip)
	a := Attempt{{signInPair, pair}, {signInAccount, email}, {signInKnown, pair}}
	if network := network(ip); network != "" {
		a = append(a, counted{signInNetwork, email + "\x00" + network})
	}
	return a
}

// SignUp is the creation of an account from a client.
func SignUp(ip string) Attempt { return Attempt{{signUpAddress, web.ClientKey(ip)}} }

// CheckPassword is a check of a signed-in user's password in a session. It counts for the
// session and for the user. As blocks grow, one session can make 40 attempts an hour, which
// is below the user's limit. So a thief with one session cannot stop the owner from changing
// the password in another session.
func CheckPassword(userID, sessionID string) Attempt {
	return Attempt{{checkSession, userID + "\x00" + sessionID}, {checkUser, userID}}
}

// CheckLink is a check of a user's password after a mailed link was opened. It has its own
// counter: if a link was mailed to a mistyped address, the stranger who receives it must not
// be able to block the owner's CheckPassword.
func CheckLink(userID string) Attempt { return Attempt{{checkLink, userID}} }

// ChangeProfile is a change of a user's name or picture. Each change adds an event to the
// audit trail, which is kept for months. Without a limit, one user could fill the disk.
func ChangeProfile(userID string) Attempt { return Attempt{{profileUser, userID}} }

// SendMail is a client's request for a mail to an address.
func SendMail(email, ip string) Attempt {
	return Attempt{{mailRecipient, account(email)}, {mailAddress, web.ClientKey(ip)}}
}

// ClientSecret is a wrong secret of a service client, sent from an IP address. It is counted
// after the secret was found to be wrong. A limit before the check is not needed: nobody
// guesses 256 random bits. So a service with the right secret gets its token whatever others
// try. The limit bounds how much wrong secrets can write to the database.
func ClientSecret(clientID, ip string) Attempt {
	ip = web.ClientKey(ip)
	return Attempt{{clientPair, clientID + "\x00" + ip}, {clientAddress, ip}}
}

// account normalises an e-mail address.
func account(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// network returns the /48 of an IPv6 address, and "" for any other input.
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
