package session

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"vestibule/bff/token"
	"vestibule/store"
)

// A session has one token of each kind. It is minted for the first request that needs it, and
// used until shortly before its end. The token of kind 0, which is often the only kind, is in
// the session's entry. Those of the other kinds are in one cache, so that their number is
// bounded whatever the number of kinds is.

// maxFurtherTokens bounds the tokens of the kinds after the first, about 1 KiB each. The next
// request that needs an evicted token costs a signature.
const maxFurtherTokens = 50_000

// kinds are the kinds of tokens. A kind keeps its number as long as the process runs, so a reload
// of the routes gives no request the token of another kind.
type kinds struct {
	adding  sync.Mutex
	numbers map[kindKey]int
	all     atomic.Pointer[[]token.Kind] // its elements never change; only more are added
}

// kindKey is equal for kinds that are the same. The order of the claims does not matter.
type kindKey struct{ audience, scope, claims string }

func keyOf(k token.Kind) kindKey {
	return kindKey{k.Audience, k.Scope, strings.Join(slices.Sorted(slices.Values(k.Claims)), " ")}
}

// openKinds sets the first kinds. Without any there is one, which asks for nothing.
func (s *Sessions) openKinds(first []token.Kind) error {
	if len(first) == 0 {
		first = []token.Kind{{}}
	}
	s.kinds.numbers = map[kindKey]int{}
	for i, k := range first {
		if err := k.Check(); err != nil {
			return err
		}
		s.kinds.numbers[keyOf(k)] = i
	}
	first = slices.Clone(first)
	s.kinds.all.Store(&first)
	return nil
}

// Kind returns the number of a kind, for Token. A kind that is new gets the next number.
func (s *Sessions) Kind(k token.Kind) (int, error) {
	s.kinds.adding.Lock()
	defer s.kinds.adding.Unlock()
	key := keyOf(k)
	if i, known := s.kinds.numbers[key]; known {
		return i, nil
	}
	if err := k.Check(); err != nil {
		return 0, err
	}
	// Who reads the former slice does not see the element that may come behind it.
	more := append(*s.kinds.all.Load(), k)
	s.kinds.numbers[key] = len(more) - 1
	s.kinds.all.Store(&more)
	return len(more) - 1, nil
}

// held is a token in memory.
type held struct {
	token.Token
	of *store.User // whom its claims describe; nil: it has none
}

// furtherTokens are the tokens of the kinds after the first.
type furtherTokens struct {
	mu  sync.Mutex
	lru *simplelru.LRU[tokenKey, held]
}

type tokenKey struct {
	session string
	kind    int
}

func newFurtherTokens(size int) (*furtherTokens, error) {
	lru, err := simplelru.NewLRU[tokenKey, held](size, nil)
	return &furtherTokens{lru: lru}, err
}

func (f *furtherTokens) get(k tokenKey) held {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, _ := f.lru.Get(k)
	return h
}

func (f *furtherTokens) put(k tokenKey, h held) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lru.Add(k, h)
}

// Token returns the token for the session's requests upstream. kind is an index of Kinds, or comes
// from Kind. It mints a new one only when the current one is about to expire, or when its claims do not
// describe the user any more. Requests that arrive meanwhile wait for the new one.
func (s *Sessions) Token(l *Live, kind int) (token.Token, error) {
	l.entry.minting.Lock()
	defer l.entry.minting.Unlock()
	key := tokenKey{l.Handle(), kind}
	h := l.entry.held
	if kind != 0 {
		h = s.further.get(key)
	}
	k := (*s.kinds.all.Load())[kind]
	isFresh := s.Tokens.Fresh(h.Token)
	if isFresh && (h.of == nil || h.of == l.User) {
		return h.Token, nil
	}
	if !isFresh || !k.SaysTheSame(h.of, l.User) {
		t, err := s.Tokens.Mint(l.User, l.Handle(), k)
		if err != nil {
			return token.Token{}, err
		}
		h.Token = t
	}
	if len(k.Claims) > 0 {
		h.of = l.User // also after no change: the older row is not kept in memory
	}
	if kind == 0 {
		l.entry.held = h
	} else {
		s.further.put(key, h)
	}
	return h.Token, nil
}
