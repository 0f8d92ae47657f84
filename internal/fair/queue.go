package fair

import "slices"

// unqueue takes w out of the line of h.
func (r *Room) unqueue(h *holder, w *waiter) {
	i := slices.Index(h.line, w)
	h.line = slices.Delete(h.line, i, i+1)
	r.waiting--
	if len(h.line) == 0 {
		r.dropTurn(h)
	}
}

func (r *Room) dropTurn(h *holder) {
	if i := slices.Index(r.turns, h); i >= 0 {
		r.turns = slices.Delete(r.turns, i, i+1)
	}
}

// hadTurn puts h behind everybody else who waits, if it has more waiting.
func (r *Room) hadTurn(h *holder) {
	if len(h.line) > 0 {
		r.dropTurn(h)
		r.turns = append(r.turns, h)
	}
}

// serve lets in who waits, as long as there is room.
func (r *Room) serve() {
	for r.used < r.limits.Places {
		h := r.next()
		if h == nil || !r.fits(h, h.line[0].n) {
			return
		}
		w := h.line[0]
		r.unqueue(h, w)
		r.take(h, w.n)
		r.hadTurn(h)
		w.done <- nil
	}
}

// next is the waiting key whose turn it is: of those below their share the one that
// holds the least, and of equals the one that has waited for its turn the longest.
// The room is kept free for it, however much it asks for.
func (r *Room) next() *holder {
	var next *holder
	for _, h := range r.turns {
		if h.used+h.line[0].n > r.limits.PerKey || next != nil && h.used >= next.used {
			continue
		}
		if next = h; h.used == 0 { // nobody holds less, and thousands may wait
			break
		}
	}
	return next
}

func (r *Room) fits(h *holder, n int) bool {
	return h.used+n <= r.limits.PerKey && r.used+n <= r.limits.Places
}

func (r *Room) take(h *holder, n int) {
	h.used += n
	r.used += n
}

func (r *Room) holder(key string) *holder {
	h := r.keys[key]
	if h == nil {
		h = &holder{key: key}
		r.keys[key] = h
	}
	return h
}

// forget drops a key that holds nothing and waits for nothing.
func (r *Room) forget(h *holder) {
	if h.used == 0 && len(h.line) == 0 && r.keys[h.key] == h {
		delete(r.keys, h.key)
	}
}

// Load says how many places are taken and how many wait, in all.
func (r *Room) Load() (taken, waiting int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used, r.waiting
}

// Held says how many places the key has.
func (r *Room) Held(key string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.keys[key]; h != nil {
		return h.used
	}
	return 0
}
